"""A page that stays open follows the day: its own clock, the server's, and what a tap means in between."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect

from habit_app.days import LATEST_DAY_START, local_date, zone_names
from tests.browser.chrome import add_habits, all_saved, sign_up
from tests.browser.site import Site
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")

FRIDAY, SATURDAY = "Friday, 30 January", "Saturday, 31 January"
SAMPLES = 1_500


@pytest.fixture
def left_open(page: Page, site: Site) -> Page:
    """A dashboard with one habit, ticked on Friday at noon; time stands still in the page until a test moves it."""
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    add_habits(page, "Read")
    expect(page.get_by_role("heading", name=FRIDAY)).to_be_visible()
    page.get_by_role("button", name="Read, today").click()
    all_saved(page)
    assert ticked(site) == ["2026-01-30"]
    return page


def ticked(site: Site) -> list[str]:
    """Every day ticked, as the database has it."""
    link = sqlite3.connect(site.database)
    rows = link.execute("SELECT day FROM entries ORDER BY day").fetchall()
    link.close()
    return [day for (day,) in rows]


def night_passes(page: Page, site: Site, hours: float = 20) -> None:
    """For the server and, without any timer going off, for the page: the computer was asleep."""
    site.clock.move(hours=hours)
    page.clock.set_system_time(site.clock.now)


def test_a_tap_in_the_morning_ticks_the_morning(left_open: Page, site: Site) -> None:
    night_passes(left_open, site)
    left_open.get_by_role("button", name="Read, today").click()
    expect(left_open.get_by_role("heading", name=SATURDAY)).to_be_visible()
    all_saved(left_open)
    expect(left_open.get_by_text("2-day streak").first).to_be_visible()
    assert ticked(site) == ["2026-01-30", "2026-01-31"]


def test_coming_back_to_the_page_shows_the_new_day(left_open: Page, site: Site) -> None:
    night_passes(left_open, site)
    left_open.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(left_open.get_by_role("heading", name=SATURDAY)).to_be_visible()
    expect(left_open.get_by_role("button", name="Read, today")).to_have_attribute("aria-pressed", "false")
    # The whole page is the new day's, as the server has it.
    expect(left_open.get_by_role("button", name="Saturday 31 January 2026")).to_be_visible()
    assert ticked(site) == ["2026-01-30"]


def test_midnight_is_noticed_by_the_page_itself(left_open: Page, site: Site) -> None:
    night_passes(left_open, site)
    left_open.clock.run_for(16_000)
    expect(left_open.get_by_role("button", name="Saturday 31 January 2026")).to_be_visible()


def test_offline_the_new_day_can_be_ticked_too(left_open: Page, site: Site, context: BrowserContext) -> None:
    night_passes(left_open, site)
    context.set_offline(True)
    left_open.get_by_role("button", name="Read, today").click()
    expect(left_open.get_by_role("heading", name=SATURDAY)).to_be_visible()
    expect(left_open.locator("[data-now][data-unsaved]")).to_have_attribute("aria-pressed", "true")
    context.set_offline(False)
    left_open.evaluate("() => dispatchEvent(new Event('online'))")
    all_saved(left_open)
    assert ticked(site) == ["2026-01-30", "2026-01-31"]


def test_a_device_whose_clock_is_a_day_ahead_learns_the_day_from_the_server(left_open: Page, site: Site) -> None:
    left_open.clock.set_system_time(site.clock.now + timedelta(days=1))
    left_open.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(left_open.get_by_role("heading", name=FRIDAY)).to_be_visible()
    expect(left_open.get_by_role("button", name="Friday 30 January 2026")).to_be_visible()
    left_open.get_by_role("button", name="Read, today").click()
    all_saved(left_open)
    assert ticked(site) == []


def test_the_page_counts_days_as_the_server_does(page: Page, site: Site) -> None:
    sign_up(page, site.url, "ada")
    draw = random.Random(0)
    start, names = datetime(1999, 1, 1, tzinfo=UTC), zone_names()
    samples = []
    for _ in range(SAMPLES):
        # Whole quarters of an hour: that is where midnights and changes of the clock are.
        instant = start + timedelta(minutes=15 * draw.randrange(4 * 24 * 365 * 40))
        samples.append((instant, draw.choice(names), draw.randrange(LATEST_DAY_START + 1)))
    asked = [[int(instant.timestamp() * 1000), zone, day_start] for instant, zone, day_start in samples]
    given = page.evaluate("(asked) => asked.map((each) => dayAt(...each))", asked)
    wrong = [
        (sample, day)
        for sample, day in zip(samples, given, strict=True)
        # The browser and the server may have time zone data of different years.
        if day and day != local_date(*sample).isoformat()
    ]
    assert len(wrong) <= SAMPLES / 200, wrong[:5]
    assert sum(not day for day in given) <= SAMPLES / 50


def test_a_page_asked_for_before_a_tick_takes_no_streak_back(browser: Browser, site: Site) -> None:
    context = browser.new_context(timezone_id="Europe/London", service_workers="block")
    page = context.new_page()
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    add_habits(page, "Read")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        """Keep back the first page that is asked for again."""
        if held or "x-refresh" not in route.request.headers:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/dashboard", hold)
    site.clock.move(minutes=2)
    page.clock.set_system_time(site.clock.now)
    with page.expect_request(lambda request: "x-refresh" in request.headers):
        page.evaluate("() => dispatchEvent(new Event('focus'))")
    eventually(lambda: page.evaluate("true") and bool(held))
    page.get_by_role("button", name="Read, today").click()
    all_saved(page)
    expect(page.get_by_text("1-day streak").first).to_be_visible()
    (route, older) = held[0]
    with page.expect_request(lambda request: "x-refresh" in request.headers):
        route.fulfill(response=older)
    expect(page.get_by_text("1-day streak").first).to_be_visible()
    context.close()
