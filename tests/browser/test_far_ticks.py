"""Ticks made fast in Tokyo, where every write goes to Virginia and back: none is lost, however the page is left."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chrome import add_habits, all_saved, sign_up
from tests.browser.far_ticks import EVERY, HABITS, WAYS, Far, done, leave_for_good, try_all
from tests.waiting import eventually

# The first test deploys.
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """The name of the test's own user."""
    name: str = request.node.name
    return name.split("[")[0][-30:].strip("_")


@pytest.fixture
def dashboard(page: Page, far: Far, user: str) -> Page:
    """Seven habits of a new user in Tokyo."""
    sign_up(page, far.url, user)
    add_habits(page, *HABITS)
    return page


def test_none_of_a_thousand_fast_ticks_is_lost(dashboard: Page, far: Far, user: str) -> None:
    tried = list(try_all(dashboard, far, user))
    assert [(each.way, each.lost, each.shown) for each in tried] == [
        (way.__name__, 0, each.expected) for way, each in zip(WAYS, tried, strict=True)
    ]
    assert sum(each.ticks for each in tried) >= 1_000


def test_ticks_arrive_though_nobody_comes_back(dashboard: Page, far: Far, user: str) -> None:
    leave_for_good(dashboard)
    assert eventually(lambda: done(far, user), lambda ticks: ticks == EVERY) == EVERY


def test_every_batch_outlives_its_page(dashboard: Page) -> None:
    dashboard.add_init_script(
        """window.batches = [];
        const real = window.fetch;
        window.fetch = (address, options) => {
          if (String(address).endsWith("/api/ticks")) window.batches.push(options.keepalive);
          return real(address, options);
        };"""
    )
    dashboard.reload()
    dashboard.get_by_role("button", name="Swim, today").click()
    all_saved(dashboard)
    dashboard.get_by_role("button", name="Walk, today").click()
    all_saved(dashboard)
    sent = dashboard.evaluate("() => window.batches")
    assert len(sent) >= 2 and set(sent) == {True}


def test_a_tick_on_its_way_is_shown_as_such(dashboard: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    dashboard.get_by_role("button", name="Swim, today").click()
    button = dashboard.locator("[data-now][data-unsaved]")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_have_accessible_description("not saved yet")
    expect(dashboard.get_by_text("1 tick is not saved yet, and kept on this device. You are offline.")).to_be_visible()
    context.set_offline(False)
    dashboard.evaluate("() => dispatchEvent(new Event('online'))")
    all_saved(dashboard)
    expect(dashboard.get_by_text("1-day streak").first).to_be_visible()
