"""Pictures of the local platform's page: 144 simulated machines, and a rollout on a real platform that goes back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.chrome import PATIENCE
from tests.browser.local_page.conftest import link
from tests.browser.local_page.simulated_world import simulated_world
from tests.flyo_process import FLYO
from tests.functional.cli.local_fleet import APP, LocalFleet

VIEWS: dict[str, Any] = {
    "390": {"viewport": {"width": 390, "height": 844}},
    "390-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "1280": {"viewport": {"width": 1280, "height": 900}},
    "1280-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
REGIONS = {"iad": 2, "fra": 2, "nrt": 2, "lhr": 1, "gru": 1, "syd": 1}
TRAFFIC = {"iad", "fra", "nrt", "sjc", "gru", "jnb", "sin", "ams"}


def take_all(browser: Browser, place: Path, scratch: Path) -> None:
    """Make all of them; what the platform needs is kept in `scratch`."""
    _many_machines(browser, place)
    _going_back(browser, place, scratch)


def _many_machines(browser: Browser, place: Path) -> None:
    with simulated_world(per_second=40) as world:
        for view, options in VIEWS.items():
            with browser.new_context(locale="en-GB", **options) as context:
                page = context.new_page()
                page.goto(world.new_link())
                # Ten seconds of answers make a picture of the bars.
                expect(page.locator("#answers tbody tr")).to_have_count(18, timeout=PATIENCE)
                page.screenshot(path=place / f"page-144-machines-{view}.png", full_page="390" in view)


def _going_back(browser: Browser, place: Path, scratch: Path) -> None:
    fleet = LocalFleet(scratch).write()
    counts = "".join(f"{region} = {count}\n" for region, count in REGIONS.items())
    plan = fleet.project / "flyo.toml"
    plan.write_text(plan.read_text().replace("iad = 1\nfra = 1\n", counts).replace('watch = "0s"', 'watch = "6s"'))
    fleet.ok("local", "up", "--delays")
    try:
        fleet.ok("deploy", "--local")
        server = fleet.project / "server.py"
        server.write_text(server.read_text() + "# the next release\n")
        fleet.manage("POST", "/_local/faults", {"name": "failing-check", "region": "nrt", "set": {"release": "new"}})
        with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 860}) as context:
            page = context.new_page()
            page.goto(link(fleet))
            _send_traffic(page)
            deploy = subprocess.Popen(
                [FLYO, "deploy", "--local", "--timeout", "8s"],
                cwd=fleet.project,
                env=fleet.variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            badge = page.locator("#rollout .badge")
            expect(badge).to_have_text("going back", timeout=6 * PATIENCE)
            # The readme's picture: docs/local-page.png.
            page.screenshot(path=place / "page-going-back.png")
            expect(badge).to_contain_text("went back", timeout=6 * PATIENCE)
            deploy.wait()
            page.screenshot(path=place / "page-went-back.png")
            for view, options in VIEWS.items():
                _one_region(browser, fleet, place / f"page-{view}.png", options)
    finally:
        fleet.ok("local", "down")


def _send_traffic(page: Page) -> None:
    form = page.locator("#traffic form")
    expect(form.get_by_role("checkbox")).not_to_have_count(0)
    for box in form.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") in TRAFFIC)
    form.get_by_label("Requests a second").fill("12")
    form.get_by_role("button", name="Send").click()
    page.evaluate("scrollTo(0, 0)")


def _one_region(browser: Browser, fleet: LocalFleet, path: Path, options: dict[str, Any]) -> None:
    with browser.new_context(locale="en-GB", **options) as context:
        page = context.new_page()
        page.goto(link(fleet))
        page.locator("#regions").get_by_role("button", name="fra").click()
        page.locator("#panel .entries button").first.click()
        expect(page.locator("#panel")).to_contain_text(f"{APP} · app · fra")
        expect(page.locator("#panel .log")).to_contain_text("asked for")
        page.get_by_label("Where").fill("Lagos")
        page.get_by_label("Where").press("Enter")
        expect(page.locator("#person-title")).to_contain_text("A person at 6.5")
        page.screenshot(path=path, full_page=True)
