"""What the browser keeps: the last dashboard, at once and offline, of who is signed in alone; and ticks, whose."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chrome import PASSWORD, add_habits, all_saved, sign_up
from tests.browser.site import Site
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")

KEPT = "async () => { const pages = await caches.open('page'); return (await pages.keys()).length; }"


@pytest.fixture
def dashboard(page: Page, site: Site) -> Page:
    """Ada's, with one habit, kept by the browser."""
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    add_habits(page, "Read")
    is_kept(page)
    return page


def is_kept(page: Page) -> None:
    """Wait until the browser has put the dashboard by."""
    eventually(lambda: page.evaluate(KEPT) == 1)


def owners(site: Site) -> list[str]:
    """Whose ticks the database has."""
    link = sqlite3.connect(site.database)
    rows = link.execute(
        "SELECT users.name FROM entries JOIN habits ON habits.id = habit_id JOIN users ON users.id = user_id"
    ).fetchall()
    link.close()
    return [name for (name,) in rows]


def log_in(page: Page, site: Site, name: str) -> None:
    """By hand."""
    page.goto(f"{site.url}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/dashboard")


def test_offline_the_last_dashboard_opens_and_says_so(dashboard: Page, site: Site, context: BrowserContext) -> None:
    context.set_offline(True)
    again = context.new_page()
    again.goto(f"{site.url}/dashboard")
    expect(again.get_by_role("heading", name="Read")).to_be_visible()
    expect(again.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    again.goto(f"{site.url}/settings")
    expect(again.get_by_role("heading", name="You are offline")).to_be_visible()


def test_an_offline_page_says_nothing_that_it_does_not_know(
    dashboard: Page, site: Site, context: BrowserContext
) -> None:
    how_it_stands = dashboard.locator(".what p")
    dashboard.get_by_role("button", name="Read, today").click()
    all_saved(dashboard)
    expect(how_it_stands).to_contain_text("1-day streak")
    context.set_offline(True)
    dashboard.get_by_role("button", name="Thursday 29 January 2026").click()
    expect(how_it_stands).to_be_hidden()
    again = context.new_page()
    again.clock.install(time=site.clock.now)
    again.goto(f"{site.url}/dashboard")
    expect(again.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(again.get_by_text("1 of 1 done today")).to_be_visible()
    expect(again.locator(".what p")).to_be_hidden()
    # The next morning nobody here knows what is due.
    site.clock.move(hours=20)
    again.clock.set_system_time(site.clock.now)
    again.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(again.get_by_role("heading", name="Saturday, 31 January")).to_be_visible()
    expect(again.locator(".sum")).to_be_hidden()
    context.set_offline(False)
    again.evaluate("() => dispatchEvent(new Event('online'))")
    all_saved(again)
    expect(again.locator(".what p")).to_have_text("2-day streak")
    expect(again.get_by_text("0 of 1 done today")).to_be_visible()


def test_what_is_painted_at_once_is_brought_up_to_date(dashboard: Page, site: Site, context: BrowserContext) -> None:
    link = sqlite3.connect(site.database)
    link.execute("UPDATE habits SET name = 'Read ten pages'")
    link.execute("UPDATE users SET rev = rev + 1")
    link.commit()
    link.close()
    site.clock.move(minutes=2)
    again = context.new_page()
    again.goto(f"{site.url}/dashboard")
    expect(again.get_by_role("heading", name="Read ten pages")).to_be_visible()
    assert again.evaluate("() => document.getElementById('main').dataset.kept") is None


def test_what_was_just_changed_is_on_the_next_page(dashboard: Page) -> None:
    for name in ("Walk", "Swim"):
        dashboard.get_by_text("Add a habit").click()
        dashboard.get_by_label("What do you want to do?").fill(name)
        dashboard.get_by_role("button", name="Add habit").click()
        dashboard.wait_for_url("**/dashboard")
        # Looked for in the page as it came, not waited for.
        assert name in dashboard.locator("#board").inner_text()
        is_kept(dashboard)


def test_after_logging_out_nothing_is_kept(dashboard: Page, site: Site, context: BrowserContext) -> None:
    dashboard.get_by_role("button", name="Log out").click()
    dashboard.wait_for_url("**/login")
    assert dashboard.evaluate(KEPT) == 0
    context.set_offline(True)
    dashboard.goto(f"{site.url}/dashboard")
    expect(dashboard.get_by_role("heading", name="You are offline")).to_be_visible()
    assert "Read" not in dashboard.locator("body").inner_text()


def test_ticks_wait_for_their_owner(dashboard: Page, site: Site, context: BrowserContext) -> None:
    context.route("**/api/ticks", lambda route: route.abort())
    dashboard.get_by_role("button", name="Read, today").click()
    expect(dashboard.locator("[data-now][data-unsaved]")).to_have_count(1)
    dashboard.get_by_role("button", name="Log out").click()
    dashboard.wait_for_url("**/login")
    context.unroute("**/api/ticks")

    sign_up(dashboard, site.url, "bob")
    add_habits(dashboard, "Swim")
    dashboard.get_by_role("button", name="Swim, today").click()
    all_saved(dashboard)
    assert owners(site) == ["bob"]

    dashboard.get_by_role("button", name="Log out").click()
    log_in(dashboard, site, "ada")
    expect(dashboard.get_by_role("button", name="Read, today", pressed=True)).to_be_visible()
    all_saved(dashboard)
    assert sorted(owners(site)) == ["ada", "bob"]


def test_it_can_be_installed(dashboard: Page, context: BrowserContext) -> None:
    inspector = context.new_cdp_session(dashboard)
    assert inspector.send("Page.getAppManifest")["errors"] == []
    # A private window installs nothing; there is nothing else against it.
    errors = [each["errorId"] for each in inspector.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert set(errors) <= {"in-incognito"}
