"""One browser for the tests of a process; the habit app in this process, its clock the test's, or in three regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chrome import PATIENCE, chrome, executable
from tests.browser.site import Site, serve
from tests.e2e.laptop import Laptop, habit_app


# Playwright keeps an event loop running while it is started: it has to end with the last of these tests, since those
# that come next in the same process start loops of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    path = executable()
    if path is None:
        pytest.skip("no Chromium on this computer (Debian: apt-get install chromium)")
    with chrome(path) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without cookies or memories, in London, where it is UTC in January."""
    made = browser.new_context(timezone_id="Europe/London", locale="en-GB")
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Its first tab."""
    return context.new_page()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The app, at noon UTC on Friday 30 January 2026."""
    with serve(tmp_path) as served:
        yield served


@dataclass(frozen=True)
class Far:
    """The app in three regions, the network between them as slow as it is.

    Attributes:
        url: where a browser in Tokyo finds it; what it writes is made in Virginia.
        database: the SQLite file that plays the database outside.
    """

    url: str
    database: Path


@pytest.fixture(scope="package")
def far(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """The app, deployed to the local platform by `flyo deploy`."""
    root = tmp_path_factory.mktemp("far")
    database, project = root / "outside.db", habit_app(root / "habits")
    laptop = Laptop(root)
    laptop.ok("local", "up")
    try:
        laptop.ok("secrets", "generate", "SECRET_KEY", "--local", cwd=project)
        laptop.ok("secrets", "set", "DATABASE_URL", "--stdin", "--local", cwd=project, stdin=f"sqlite:///{database}")
        laptop.ok("deploy", "--local", cwd=project)
        laptop.manage("PUT", "/_local/settings", {"delays": True})
        yield Far(f"http://nrt.habit-tracker.localhost:{laptop.port}", database)
    finally:
        laptop.ok("local", "down")
