"""A real browser, and what tests look at in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Milliseconds. Longer than anything here takes; a hang becomes a failure.
PATIENCE = 20_000
PASSWORD = "correct horse battery"


def executable() -> str | None:
    """The system's Chromium or Chrome; None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chrome(path: str) -> Iterator[Browser]:
    """The browser at `path`, for as long as the block lasts."""
    # Root may not use Chromium's sandbox, and in a container everybody is root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def sign_up(page: Page, base: str, name: str) -> None:
    """Make an account by hand, and end up on its dashboard."""
    page.goto(f"{base}/signup")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", name="Start with one small thing")).to_be_visible()


# One after the other: of answers that cross each other, the cookie of the earlier one may be the one that stays.
_POST = """async (forms) => {
  for (const fields of forms) {
    const answer = await fetch("/habits", { method: "POST", redirect: "manual", body: new URLSearchParams(fields) });
    if (answer.type !== "opaqueredirect") throw new Error(`${answer.status} for ${fields}`);
  }
}"""


def add_habits(page: Page, *habits: str | list[tuple[str, str]]) -> None:
    """Add habits as their form would, by name or by the form's fields, and show the dashboard."""
    forms = [[("name", habit), ("kind", "daily")] if isinstance(habit, str) else habit for habit in habits]
    page.evaluate(_POST, forms)
    page.goto(page.url)
    for fields in forms:
        expect(page.get_by_role("heading", name=dict(fields)["name"], exact=True)).to_be_visible()


def all_saved(page: Page) -> None:
    """Wait until the page shows no tick as unsaved any more."""
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    expect(page.locator("#unsaved")).to_be_hidden()
