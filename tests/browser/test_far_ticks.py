"""Ticks made fast in Tokyo, where every write goes to Virginia and back: none is lost, however the page is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chrome import add_habits, all_saved, sign_up
from tests.browser.conftest import Far

# The first test deploys.
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

HABITS = ("Read", "Walk", "Write", "Swim", "Sleep", "Stretch", "Juggle")
EVERYTHING = "() => document.querySelectorAll('.days button').forEach((button) => button.click())"
Leave = Callable[[Page], Page]


def reload(page: Page) -> Page:
    """The moment after the last tick, in the same task."""
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({EVERYTHING})(); location.reload(); }}")
    return page


def leave(page: Page) -> Page:
    """For another site, and come back later."""
    url = page.url
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({EVERYTHING})(); location.assign('about:blank'); }}")
    page.goto(url)
    return page


def close(page: Page) -> Page:
    """The tab, as soon as the last tick is painted."""
    url, context = page.url, page.context
    page.evaluate(EVERYTHING)
    page.close()
    page = context.new_page()
    page.goto(url)
    return page


def offline(page: Page) -> Page:
    """In a tunnel: tick, reload, and only then get out of it."""
    page.context.set_offline(True)
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({EVERYTHING})(); location.reload(); }}")
    expect(page.locator(".days [data-unsaved]")).to_have_count(30 * len(HABITS))
    page.context.set_offline(False)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    return page


def stay(page: Page) -> Page:
    """Just wait."""
    page.evaluate(EVERYTHING)
    return page


@pytest.fixture
def dashboard(page: Page, far: Far, request: pytest.FixtureRequest) -> Page:
    """Seven habits of a new user in Tokyo."""
    sign_up(page, far.url, request.node.name.split("[")[0][-30:].strip("_"))
    add_habits(page, *HABITS)
    return page


def done(far: Far) -> int:
    """Ticks in the database."""
    link = sqlite3.connect(far.database)
    [(count,)] = link.execute("SELECT count(*) FROM entries").fetchall()
    link.close()
    return int(count)


def test_none_of_a_thousand_fast_ticks_is_lost(dashboard: Page, far: Far) -> None:
    page, ticks = dashboard, 0
    # The worker has to be in charge before the tunnel comes.
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    ways: tuple[Leave, ...] = (reload, leave, close, offline, stay)
    for number, way in enumerate(ways, 1):
        page = way(page)
        all_saved(page)
        ticks += 30 * len(HABITS)
        # Every day of every habit was clicked once each time: all are done, then none, then all …
        expected = 30 * len(HABITS) * (number % 2)
        assert done(far) == expected, way.__name__
        expect(page.locator(".days [aria-pressed=true]")).to_have_count(expected)
    assert ticks >= 1_000


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
