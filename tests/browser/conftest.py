"""One browser for the tests of a process; the habit app in this process, its clock the test's, or in three regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chrome import PATIENCE, chrome, executable
from tests.browser.far_ticks import Far, far_away
from tests.browser.site import Site, serve


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


@pytest.fixture(scope="package")
def far(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """The app, deployed to the local platform by `flyo deploy`."""
    with far_away(tmp_path_factory.mktemp("far")) as deployed:
        yield deployed
