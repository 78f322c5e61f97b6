"""Pictures of the app, the local platform's page and reports: `python -m tests.browser.screenshots DIRECTORY`.

Eight habits with a month of ticks; each page at 390 and 1280 pixels, light and dark, at 200 % and at 320 pixels.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests.browser.chrome import add_habits, all_saved, chrome, executable, sign_up
from tests.browser.local_page.pictures import take_all
from tests.browser.report.made import take_reports
from tests.browser.site import Site, serve

HABITS: tuple[tuple[Any, ...], ...] = (
    ("Read ten pages", ("kind", "daily")),
    ("Walk around the block", ("kind", "daily")),
    ("Strength training", ("kind", "days"), ("weekday", "0"), ("weekday", "2"), ("weekday", "4")),
    ("Call my parents", ("kind", "week"), ("times", "1")),
    ("Practise the cello, scales and the second movement", ("kind", "daily")),
    ("Swim", ("kind", "week"), ("times", "2")),
    ("No screens after ten", ("kind", "daily")),
    ("Write three lines in the diary", ("kind", "days"), ("weekday", "5"), ("weekday", "6")),
)
VIEWS: dict[str, Any] = {
    "390": {"viewport": {"width": 390, "height": 844}},
    "1280": {"viewport": {"width": 1280, "height": 900}},
    "390-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "1280-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    # A window of 1280 pixels whose owner zooms to 200 %.
    "200-percent": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "320": {"viewport": {"width": 320, "height": 640}},
}


def main(place: Path) -> None:
    """Make all of them."""
    place.mkdir(parents=True, exist_ok=True)
    path = executable()
    if path is None:
        sys.exit("There is no Chromium on this computer (Debian: apt-get install chromium).")
    with TemporaryDirectory() as data, serve(Path(data)) as site, chrome(path) as browser:
        cookies = _life(browser, site)
        for view, options in VIEWS.items():
            context = browser.new_context(timezone_id="Europe/London", locale="en-GB", **options)
            _take(context, site, place, view, cookies)
            context.close()
        take_all(browser, place, Path(data) / "platform")
        take_reports(browser, place, Path(data) / "reports")


def _life(browser: Browser, site: Site) -> Any:
    """An account with habits of all kinds and a month of ticks; gives what a browser needs to be signed in."""
    context = browser.new_context(timezone_id="Europe/London")
    page = context.new_page()
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    for name, *schedule in HABITS:
        # One after the other, which is their order on the page.
        site.clock.move(seconds=1)
        add_habits(page, [("name", name), *schedule])
    # Most days, by a rule and not by chance: the pictures of two versions can be laid side by side.
    page.evaluate(
        "() => document.querySelectorAll('.days button')"
        ".forEach((day, at) => (at * 7 + at % 31) % 10 > 2 && day.click())"
    )
    all_saved(page)
    cookies = context.cookies()
    context.close()
    return cookies


def _take(context: BrowserContext, site: Site, place: Path, view: str, cookies: Any) -> None:
    """Every page in one view."""
    page = context.new_page()
    page.clock.install(time=site.clock.now)
    page.goto(f"{site.url}/signup")
    page.screenshot(path=place / f"signup-{view}.png", full_page=True)
    context.add_cookies(cookies)
    for name in ("dashboard", "settings", "account"):
        page.goto(f"{site.url}/{name}")
        page.screenshot(path=place / f"{name}-{view}.png", full_page=True)
    page.goto(f"{site.url}/dashboard")
    page.get_by_role("link", name="Read ten pages").click()
    page.get_by_text("in words").click()
    page.screenshot(path=place / f"habit-{view}.png", full_page=True)
    page.goto(f"{site.url}/dashboard")
    # Not even as the browser is closed: the next view is of the same account.
    context.route("**/api/ticks", lambda route: route.abort())
    context.set_offline(True)
    page.locator("[data-now]").nth(1).click()
    # The notice comes when there was time to read it.
    page.locator("#unsaved").wait_for()
    page.screenshot(path=place / f"offline-{view}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
