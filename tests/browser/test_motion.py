"""Nothing moves for who has asked their system for that."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chrome import add_habits, sign_up
from tests.browser.site import Site

pytestmark = pytest.mark.xdist_group("browser")

# Rules of the style sheets that hold in this window and let something take time, by what they are for.
MOVING = """() => {
  const found = [];
  const look = (rules) => {
    for (const rule of rules) {
      if (rule instanceof CSSMediaRule) {
        if (matchMedia(rule.conditionText).matches) look(rule.cssRules);
      } else if (rule instanceof CSSStyleRule) {
        const times = [rule.style.transitionDuration, rule.style.animationDuration].join(",").split(",");
        if (times.some((time) => parseFloat(time) > 0) || rule.style.scrollBehavior === "smooth") {
          found.push(rule.selectorText);
        }
      }
    }
  };
  for (const sheet of document.styleSheets) look(sheet.cssRules);
  return found;
}"""
# Whether anything on the page takes time to change, as it is in the end.
TAKES_TIME = """() => [...document.querySelectorAll("*")].filter((each) => {
  const style = getComputedStyle(each);
  return [style.transitionDuration, style.animationDuration].join(",").split(",").some((time) => parseFloat(time) > 0);
}).map((each) => each.className || each.tagName)"""
PAGES = ("/dashboard", "/settings", "/account", "/account/tokens")


def dashboard(browser: Browser, site: Site, motion: str) -> Page:
    """A new user's, with two habits, in a window of its own."""
    page = browser.new_context(reduced_motion="reduce" if motion == "reduce" else "no-preference").new_page()
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    add_habits(page, "Read", "Walk")
    return page


def test_nothing_takes_time_where_less_motion_is_wanted(browser: Browser, site: Site) -> None:
    page = dashboard(browser, site, "reduce")
    habit = page.get_by_role("link", name="Read", exact=True).get_attribute("href")
    for path in (*PAGES, f"{habit}"):
        page.goto(site.url + path)
        assert (path, page.evaluate(MOVING), page.evaluate(TAKES_TIME)) == (path, [], [])
    page.goto(f"{site.url}/dashboard")
    button = page.get_by_role("button", name="Read, today")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("() => document.getAnimations().filter((each) => each.effect.getTiming().duration > 0)") == []
    page.context.close()


def test_elsewhere_a_tick_fades_in(browser: Browser, site: Site) -> None:
    page = dashboard(browser, site, "no-preference")
    assert ".tick" in page.evaluate(MOVING)
    assert "tick" in page.evaluate(TAKES_TIME)
    page.context.close()
