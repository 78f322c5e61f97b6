"""What went wrong is told where one looks, however far down the page that is."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chrome import add_habits, sign_up
from tests.browser.site import Site

pytestmark = pytest.mark.xdist_group("browser")


def test_a_tick_that_is_refused_is_told_in_view_and_can_be_put_away(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 500})
    page.clock.install(time=site.clock.now)
    sign_up(page, site.url, "ada")
    add_habits(page, *(f"Habit {number}" for number in range(14)))
    # Another device has deleted the last one.
    link = sqlite3.connect(site.database)
    link.execute("DELETE FROM habits WHERE name = 'Habit 13'")
    link.commit()
    link.close()
    last = page.get_by_role("button", name="Habit 13, today")
    last.scroll_into_view_if_needed()
    expect(page.get_by_role("heading", name="Friday, 30 January")).not_to_be_in_viewport()
    last.click()
    toast = page.get_by_role("alert")
    expect(toast).to_contain_text("Not ticked")
    expect(toast).to_be_in_viewport()
    toast.get_by_role("button", name="OK").click()
    expect(toast).to_be_hidden()
