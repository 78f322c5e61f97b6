"""The pages for people who use no mouse, no small print or no eyes: axe's rules, tab stops, keys, narrow windows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chrome import add_habits, all_saved, sign_up
from tests.browser.everybody import WIDER_THAN_THE_WINDOW, faults, faults_and_width
from tests.browser.site import Site

pytestmark = pytest.mark.xdist_group("browser")

HABITS = ("Read", "Walk", "Write", "Swim", "Sleep", "Stretch", "Juggle", "Practise the cello with great patience")
STOPS = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((each) => each.tabIndex >= 0 && each.checkVisibility({ visibilityProperty: true })).length"""

SEEN_IN_PART = """() => [...document.querySelectorAll(".days")].flatMap((strip) => {
  const frame = strip.getBoundingClientRect();
  return [...strip.querySelectorAll(".day")].filter((day) => {
    const { left, right } = day.getBoundingClientRect();
    return left < frame.left - 0.1 && right > frame.left + 0.1;
  }).map((day) => day.dataset.day);
})"""


@pytest.fixture
def dashboard(page: Page, site: Site) -> Page:
    """Eight habits, one of them ticked; time stands still."""
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    add_habits(page, *HABITS)
    page.get_by_role("button", name="Walk, today").click()
    all_saved(page)
    return page


def test_axe_finds_nothing_and_nothing_is_cut_off(dashboard: Page, site: Site, browser: Browser) -> None:
    habit = dashboard.get_by_role("link", name="Read", exact=True).get_attribute("href")
    found = []
    # 320 pixels is also what a window of 1280 has at 400 %.
    for scheme, width in (("light", 320), ("dark", 1280)):
        context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 800}
        )
        page = context.new_page()
        for path in ("/signup", "/dashboard", "/settings", "/account", "/account/tokens", f"{habit}", f"{habit}/edit"):
            if path == "/dashboard":
                context.add_cookies(dashboard.context.cookies())  # type: ignore[arg-type]
            page.goto(site.url + path)
            found += faults_and_width(page)
        context.close()
    assert found == []


def test_twice_the_text_still_fits(dashboard: Page, site: Site) -> None:
    habit = dashboard.get_by_role("link", name="Read", exact=True).get_attribute("href")
    for width in (320, 640):
        dashboard.set_viewport_size({"width": width, "height": 800})
        for path in ("/dashboard", f"{habit}", f"{habit}/edit", "/settings", "/account", "/account/tokens"):
            dashboard.goto(site.url + path)
            dashboard.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
            assert (path, dashboard.evaluate(WIDER_THAN_THE_WINDOW)) == (path, 0)
            assert faults(dashboard) == []


@pytest.mark.parametrize("width", [320, 390, 500, 800, 1280])
def test_no_day_is_seen_in_part(dashboard: Page, width: int) -> None:
    """Before the first whole day nothing of the day before it shows."""
    dashboard.set_viewport_size({"width": width, "height": 800})
    assert dashboard.evaluate(SEEN_IN_PART) == []


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_a_habit_is_one_line(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 800})
    box = dashboard.get_by_role("form", name="Walk").bounding_box()
    assert box is not None
    assert box["height"] <= 57  # with the line below it
    # Today and the days before it are in view, and what can be touched is large enough for a finger.
    for day in ("Friday 30", "Thursday 29", "Wednesday 28"):
        found = dashboard.get_by_role("form", name="Walk").get_by_role("button", name=f"{day} January 2026")
        place = found.bounding_box()
        assert place is not None
        assert box["x"] <= place["x"] <= place["x"] + place["width"] <= box["x"] + box["width"]
        assert min(place["width"], place["height"]) >= 24


def test_a_habit_is_one_tab_stop_and_arrows_move_along_it_and_to_the_next(dashboard: Page) -> None:
    # Skip link, brand, settings, log out, add a habit.
    assert dashboard.evaluate(STOPS) == len(HABITS) + 5
    first, second = dashboard.locator("[data-habit]").nth(0), dashboard.locator("[data-habit]").nth(1)
    first.locator("[data-now]").focus()
    for key in ("End", "ArrowLeft", "ArrowLeft", "Enter"):
        dashboard.keyboard.press(key)
    all_saved(dashboard)
    days = first.get_by_role("group")
    expect(days.get_by_role("button", name="Wednesday 28 January 2026")).to_be_focused()
    expect(days.get_by_role("button", name="Wednesday 28 January 2026", pressed=True)).to_be_visible()
    dashboard.keyboard.press("ArrowDown")
    expect(second.get_by_role("button", name="Wednesday 28 January 2026")).to_be_focused()
    dashboard.keyboard.press("ArrowUp")
    dashboard.keyboard.press("Home")
    expect(first.locator("[data-now]")).to_be_focused()
    dashboard.keyboard.press("ArrowRight")
    expect(first.get_by_role("link")).to_be_focused()
    dashboard.keyboard.press("ArrowRight")
    # The oldest day is out of sight until the focus is on it.
    expect(days.get_by_role("button", name="Thursday 1 January 2026")).to_be_focused()
    expect(days.get_by_role("button", name="Thursday 1 January 2026")).to_be_in_viewport()
    dashboard.keyboard.press("Tab")
    expect(second.get_by_role("button", name="Wednesday 28 January 2026")).to_be_focused()


def test_forced_colours_still_tell_what_is_done(dashboard: Page, browser: Browser, site: Site) -> None:
    context = browser.new_context(forced_colors="active", reduced_motion="reduce")
    context.add_cookies(dashboard.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site.url}/dashboard")
    border = "(button) => getComputedStyle(button).borderTopWidth"
    assert page.get_by_role("button", name="Walk, today").evaluate(border) == "4px"
    assert page.get_by_role("button", name="Swim, today").evaluate(border) != "4px"
    moving = "(button) => getComputedStyle(button).transitionDuration"
    assert page.get_by_role("button", name="Walk, today").evaluate(moving) == "0s"
    assert faults(page) == []
    context.close()


def test_order_is_changed_with_the_keyboard(dashboard: Page, site: Site) -> None:
    dashboard.goto(f"{site.url}/settings")
    dashboard.get_by_role("button", name="Move Walk up").focus()
    dashboard.keyboard.press("Enter")
    expect(dashboard.get_by_role("button", name="Move Walk up")).to_be_disabled()
    dashboard.goto(f"{site.url}/dashboard")
    expect(dashboard.get_by_role("heading", level=2).first).to_have_text("Walk")


def test_a_habits_past_is_corrected_on_its_own_page(dashboard: Page) -> None:
    dashboard.get_by_role("link", name="Walk", exact=True).click()
    dashboard.get_by_label("Day", exact=True).fill("2025-12-24")
    dashboard.get_by_label("Skipped").check()
    dashboard.get_by_label("Note").fill("Christmas")
    dashboard.get_by_role("button", name="Save the day").click()
    expect(dashboard.get_by_role("definition").filter(has_text="Christmas")).to_be_visible()
    dashboard.get_by_text("2025 in words").click()
    expect(dashboard.get_by_text("skipped on 24")).to_be_visible()
    dashboard.get_by_role("button", name="Delete it").click()
    dashboard.get_by_role("button", name="Undo deleting Walk").click()
    dashboard.get_by_role("link", name="Back to your habits").click()
    expect(dashboard.get_by_role("button", name="Walk, today", pressed=True)).to_be_visible()


def test_the_focus_stays_when_the_page_is_brought_up_to_date(dashboard: Page, site: Site) -> None:
    dashboard.get_by_role("button", name="Swim, today").focus()
    site.clock.move(hours=20)
    dashboard.clock.set_system_time(site.clock.now)
    dashboard.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(dashboard.get_by_role("heading", name="Saturday, 31 January")).to_be_visible()
    expect(dashboard.get_by_role("button", name="Saturday 31 January 2026").first).to_be_visible()
    expect(dashboard.get_by_role("button", name="Swim, today")).to_be_focused()


def test_a_screen_reader_hears_each_habit_in_order(dashboard: Page) -> None:
    expect(dashboard.locator("#main")).to_match_aria_snapshot(
        """
        - main:
          - heading "Friday, 30 January" [level=1]
          - paragraph: 1 of 8 done today
          - progressbar "Habits done today"
        """
    )
    expect(dashboard.get_by_role("form", name="Walk")).to_match_aria_snapshot(
        """
        - form "Walk":
          - button "Walk, today" [pressed]
          - heading "Walk" [level=2]:
            - link "Walk"
          - paragraph: 1-day streak
          - group "Walk, last 30 days":
            - button "Thursday 1 January 2026"
            - button "Friday 30 January 2026" [pressed]
        """
    )


def test_without_scripts_a_tick_is_a_form(browser: Browser, site: Site, dashboard: Page) -> None:
    context: BrowserContext = browser.new_context(java_script_enabled=False)
    context.add_cookies(dashboard.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site.url}/dashboard")
    page.get_by_role("button", name="Swim, today").click()
    expect(page.get_by_role("button", name="Swim, today", pressed=True)).to_be_visible()
    expect(page.get_by_text("2 of 8 done today")).to_be_visible()
    context.close()
