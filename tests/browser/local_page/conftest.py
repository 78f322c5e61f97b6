"""An app in two regions on a real local platform, and browsers that look at the platform's page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import planted
from tests.functional.cli.local_fleet import APP, LocalFleet


@pytest.fixture(scope="package")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    """The app, deployed to iad and fra by `flyo deploy`."""
    fleet = LocalFleet(tmp_path_factory.mktemp("page")).write()
    try:
        fleet.ok("local", "up")
        fleet.plant(APP)
        fleet.ok("deploy", "--local")
        fleet.manage("PUT", "/_local/settings", {"rate_limits": False})
        yield fleet
    finally:
        fleet.flyo("local", "down")


def link(fleet: LocalFleet) -> str:
    """A link that signs one browser in."""
    return fleet.ok("local", "open", "--print").stdout.strip()


def sign_in(page: Page, fleet: LocalFleet) -> Page:
    """The platform's page in a tab, drawn."""
    broken: list[str] = []
    page.on("requestfailed", lambda request: broken.append(request.failure or ""))
    page.goto(link(fleet), wait_until="load")
    page.wait_for_url(lambda url: "#" not in url)
    page.wait_for_load_state("load")
    # Chromium drops whatever it is loading when this computer gets or loses a network.
    if "net::ERR_NETWORK_CHANGED" in broken:
        page.reload()
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#machines tbody tr")).not_to_have_count(0)
    return page


@pytest.fixture
def board(context: BrowserContext, page: Page, there: LocalFleet) -> Iterator[Page]:
    """The page, signed in; what it shows in the end is searched for the app's secret, and its scripts must not fail."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # What the daemon refused is said on the page, and the browser says it here as well.
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None,
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield sign_in(page, there)
    planted.hear(page.content())
    assert wrong == []


class NewBoard(Protocol):
    """Opens the page in a browser of its own, which is closed after the test."""

    def __call__(self, **options: Any) -> Page: ...


@pytest.fixture
def new_board(browser: Browser, there: LocalFleet) -> Iterator[NewBoard]:
    """More browsers, each signed in."""
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:
            context = stack.enter_context(browser.new_context(**options))
            return sign_in(context.new_page(), there)

        yield opened


@pytest.fixture(autouse=True)
def _as_it_was(there: LocalFleet) -> Iterator[None]:
    """Every machine runs again and no fault is set, whatever a test did."""
    yield
    there.manage("DELETE", "/_local/faults")
    there.manage("PUT", "/_local/settings", {"delays": False})
    for machine in there.machines():
        base = f"/v1/apps/{APP}/machines/{machine['id']}"
        there.api.call("GET", f"{base}/wait?state=settled&timeout=20")
        if machine["state"] != "started":
            there.api.call("POST", f"{base}/start")
            there.manage("GET", f"{base}/wait?state=started&timeout=20")
        there.manage("POST", f"{base}/uncordon")
