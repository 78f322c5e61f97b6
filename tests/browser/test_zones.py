"""A device in another zone than the user's day is told so; two names of one zone are no other zone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chrome import PATIENCE, sign_up
from tests.browser.site import Site

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(
    ("device", "zone", "told"),
    [
        ("Asia/Calcutta", "Asia/Kolkata", False),
        ("Asia/Kolkata", "Asia/Calcutta", False),
        ("Europe/Paris", "Europe/Berlin", False),
        ("Europe/London", "Europe/Berlin", True),
        # Both are at -7 in January, one of them in July, too.
        ("America/Phoenix", "America/Denver", True),
    ],
)
def test_zones_are_compared_by_the_time_they_show(
    browser: Browser, site: Site, device: str, zone: str, told: bool
) -> None:
    context = browser.new_context(timezone_id=device, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_up(page, site.url, "ada")
    page.goto(f"{site.url}/settings")
    page.get_by_label("Time zone").fill(zone)
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url("**/dashboard")
    notice = page.locator("#zone-notice")
    # The heading is there when the scripts have run: they are deferred, and this is asked after the page has loaded.
    if told:
        expect(notice).to_be_visible()
        expect(notice).to_contain_text(zone)
    else:
        expect(notice).to_be_hidden()
    context.close()
