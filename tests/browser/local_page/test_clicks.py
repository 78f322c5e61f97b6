"""Each click's effect is seen on the platform, and each change of the platform on the page."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")


def row(board: Page, machine: dict[str, Any]) -> Locator:
    """The machine's row in the table of all machines."""
    return board.locator("#machines tbody tr").filter(has_text=machine["id"])


def choose(board: Page, machine: dict[str, Any]) -> None:
    """Show a machine's panel."""
    row(board, machine).get_by_role("button").click()
    expect(board.locator("#panel-title")).to_contain_text(machine["id"])


def state_of(there: LocalFleet, region: str) -> str:
    """The state of a region's machine, by the platform."""
    return str(there.machine_in(region)["state"])


def command(board: Page, button: str) -> list[str]:
    """The command line that stands beside a button, as words."""
    item = board.locator("#panel .actions li").filter(has=board.get_by_role("button", name=button, exact=True))
    item.get_by_role("button", name="Copy").click()
    expect(item.locator(".copy")).to_have_text("Copied")
    words = shlex.split(board.evaluate("navigator.clipboard.readText()"))
    assert words[0] == "flyo"
    return words[1:]


@pytest.mark.parametrize(("button", "state"), [("Stop", "stopped"), ("Suspend", "suspended")])
def test_a_machine_is_put_to_sleep_and_started_by_clicks(
    board: Page, there: LocalFleet, button: str, state: str
) -> None:
    machine = there.machine_in("fra")
    choose(board, machine)
    expect(board.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    board.locator("#panel").get_by_role("button", name=button, exact=True).click()
    expect(row(board, machine)).to_contain_text(state)
    assert state_of(there, "fra") == state
    board.locator("#panel").get_by_role("button", name="Start", exact=True).click()
    expect(row(board, machine)).to_contain_text("1 of 1 pass")
    assert state_of(there, "fra") == "started"


def test_a_machine_is_restarted_and_cordoned_by_clicks(board: Page, there: LocalFleet) -> None:
    machine = there.machine_in("iad")
    choose(board, machine)
    panel = board.locator("#panel")
    panel.get_by_role("button", name="Restart", exact=True).click()
    eventually(
        lambda: there.machine_in("iad")["events"], lambda events: any(one["type"] == "restart" for one in events)
    )
    panel.get_by_role("button", name="Cordon", exact=True).click()
    expect(row(board, machine)).to_contain_text("cordoned")
    assert there.machine_in("iad")["cordoned"] is True
    panel.get_by_role("button", name="Uncordon", exact=True).click()
    expect(row(board, machine)).not_to_contain_text("cordoned")
    assert there.machine_in("iad")["cordoned"] is False


@pytest.mark.parametrize("button", ["Stop", "Suspend", "Restart", "Cordon"])
def test_the_command_line_beside_a_button_does_the_same(board: Page, there: LocalFleet, button: str) -> None:
    machine = there.machine_in("fra")
    choose(board, machine)
    there.ok(*command(board, button))
    expected = {"Stop": "stopped", "Suspend": "suspended", "Restart": "started", "Cordon": "cordoned"}[button]
    expect(row(board, machine)).to_contain_text(expected)


def test_the_command_lines_that_undo_do_the_same(board: Page, there: LocalFleet) -> None:
    machine = there.machine_in("fra")
    choose(board, machine)
    there.act(machine, "stop", "stopped")
    there.ok(*command(board, "Start"))
    expect(row(board, machine)).to_contain_text("started")
    there.manage("POST", f"/v1/apps/{APP}/machines/{machine['id']}/cordon")
    expect(row(board, machine)).to_contain_text("cordoned")
    there.ok(*command(board, "Uncordon"))
    expect(row(board, machine)).not_to_contain_text("cordoned")


def test_what_the_platform_refuses_is_said(board: Page, there: LocalFleet) -> None:
    machine = there.machine_in("fra")
    choose(board, machine)
    there.manage("POST", "/_local/faults", {"name": "lease-held", "region": "fra", "set": {"owner": "ada@example.com"}})
    board.locator("#panel").get_by_role("button", name="Stop", exact=True).click()
    expect(board.locator("#said")).to_contain_text("lease")
    assert state_of(there, "fra") == "started"


def test_what_happens_elsewhere_is_seen(board: Page, there: LocalFleet) -> None:
    machine = there.machine_in("fra")
    there.act(machine, "suspend", "suspended")
    expect(row(board, machine)).to_contain_text("suspended")
    region = board.get_by_role("button", name="fra, Frankfurt")
    expect(region.locator(".mark.asleep")).to_have_count(1)
    there.manage("POST", f"/v1/apps/{APP}/machines/{machine['id']}/start")
    expect(region.locator(".mark.started")).to_have_count(1)
    (there.switches / "sick-fra").touch()
    expect(region.locator(".mark.failing")).to_have_count(1)
    expect(board.locator("#regions tbody tr").filter(has_text="fra")).to_contain_text("checks fail")
    (there.switches / "sick-fra").unlink()
    expect(region.locator(".mark.started")).to_have_count(1)


def test_what_is_set_and_made_elsewhere_is_seen(board: Page, there: LocalFleet) -> None:
    there.ok("local", "fault", "add", "slow-share", "--region", "iad", "--for", "90s")
    expect(board.locator("#faults .fault")).to_contain_text("slow-share iad")
    there.ok("local", "fault", "clear", "--all")
    expect(board.locator("#faults")).to_contain_text("No fault is set.")
    there.manage("POST", "/v1/apps", {"name": "short-lived", "org_slug": "personal"})
    expect(board.locator("#apps")).to_contain_text("short-lived")
    expect(board.locator("#summary")).to_contain_text("2 apps")
    there.manage("DELETE", "/v1/apps/short-lived")
    expect(board.locator("#summary")).to_contain_text("1 app ·")


def test_the_app_is_opened_as_a_person_in_a_region_sees_it(board: Page, there: LocalFleet) -> None:
    board.get_by_role("button", name="fra, Frankfurt").click()
    link = board.get_by_role("link", name=f"Open {APP}")
    shown = board.locator("#panel li").filter(has=link).locator(".line code")
    expect(shown).to_have_text(f"curl {link.get_attribute('href')}")
    with board.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("body")).to_contain_text('"region": "fra"')
    opened.value.close()
    with board.context.expect_page() as opened:
        board.locator("#apps").get_by_role("link", name=APP).click()
    expect(opened.value.locator("body")).to_contain_text('"region": "iad"')
    opened.value.close()


def test_a_region_dies_by_two_clicks_and_comes_back(board: Page, there: LocalFleet) -> None:
    region = board.get_by_role("button", name="fra, Frankfurt")
    region.click()
    words = command(board, "Region down for 30 s")
    board.get_by_role("button", name="Region down for 30 s").click()
    expect(region.locator(".mark.unreachable")).to_have_count(1)
    assert there.machine_in("fra")["host_status"] == "unreachable"
    expect(board.locator("#faults")).to_contain_text("region-down")
    board.locator("#faults").get_by_role("button", name=re.compile("^Clear f")).click()
    expect(region.locator(".mark.started")).to_have_count(1)
    there.ok(*words)
    expect(region.locator(".mark.unreachable")).to_have_count(1)


def test_a_fault_is_set_with_its_options_and_cleared(board: Page, there: LocalFleet) -> None:
    form = board.locator("#faults form")
    form.get_by_label("Fault", exact=True).select_option("error-share")
    form.get_by_label("Region", exact=True).select_option("fra")
    form.get_by_label("App", exact=True).select_option(APP)
    form.get_by_label("For", exact=True).fill("1m")
    form.get_by_label("share: how much").fill("0.25")
    form.get_by_label("status: the error").fill("503")
    line = shlex.split(str(form.locator(".line code").text_content()))
    form.get_by_role("button", name="Set the fault").click()
    expect(board.locator("#faults .fault")).to_contain_text("error-share")
    (fault,) = there.manage("GET", "/_local/faults")["faults"]
    assert (fault["region"], fault["app"], fault["set"]["share"], fault["set"]["status"]) == ("fra", APP, 0.25, 503)
    there.ok(*line[1:])
    first, second = there.manage("GET", "/_local/faults")["faults"]
    assert {**first, "id": "", "ends_in": 0} == {**second, "id": "", "ends_in": 0}
    board.get_by_role("button", name="Clear all").click()
    expect(board.locator("#faults")).to_contain_text("No fault is set.")
    assert there.manage("GET", "/_local/faults")["faults"] == []


def test_every_fault_can_be_chosen_and_none_without_a_place_that_needs_one(board: Page, there: LocalFleet) -> None:
    names = [one["name"] for one in there.manage("GET", "/_local/faults/names")["names"]]
    assert board.locator("#faults select[name=name] option").all_text_contents() == names
    board.get_by_role("button", name="Set the fault").click()
    expect(board.locator("#said")).to_contain_text("region-down needs a region, an app or a machine")


def test_delays_are_switched(board: Page, there: LocalFleet) -> None:
    board.get_by_label("network as slow as it is").check()
    eventually(lambda: there.manage("GET", "/_local/settings")["delays"], bool)
    there.manage("PUT", "/_local/settings", {"delays": False})
    expect(board.get_by_label("network as slow as it is")).not_to_be_checked()


def test_an_app_is_destroyed_after_a_question(board: Page, there: LocalFleet) -> None:
    there.manage("POST", "/v1/apps", {"name": "short-lived", "org_slug": "personal"})
    button = board.get_by_role("button", name="Destroy short-lived", exact=True)
    button.click()
    board.get_by_role("button", name="Leave it").click()
    assert there.api.call("GET", "/v1/apps/short-lived").status == 200
    button.click()
    board.get_by_role("dialog").get_by_role("button", name="Destroy").click()
    expect(button).to_have_count(0)
    assert there.api.call("GET", "/v1/apps/short-lived").status == 404


def beside(board: Page, place: str, button: str) -> list[str]:
    """The command line beside a button of a list, as words after `flyo`."""
    item = board.locator(f"{place} li, {place} .do").filter(has=board.get_by_role("button", name=button)).last
    words = shlex.split(str(item.locator(".line code").text_content()))
    assert words[0] == "flyo"
    return words[1:]


def test_the_command_lines_beside_what_clears_destroys_and_switches_do_the_same(board: Page, there: LocalFleet) -> None:
    there.manage("POST", "/v1/apps", {"name": "short-lived", "org_slug": "personal"})
    expect(board.locator("#apps")).to_contain_text("short-lived")
    there.ok(*beside(board, "#apps", "Destroy short-lived"), "--yes")
    expect(board.locator("#apps")).not_to_contain_text("short-lived")
    for region in ("fra", "iad", "nrt"):
        there.manage("POST", "/_local/faults", {"name": "region-down", "region": region, "for": "90s"})
    expect(board.locator("#faults .fault")).to_have_count(4)
    first = there.manage("GET", "/_local/faults")["faults"][0]["id"]
    there.ok(*beside(board, "#faults", f"Clear {first}, region-down"))
    expect(board.locator("#faults .fault")).to_have_count(3)
    there.ok(*beside(board, "#faults", "Clear all"))
    expect(board.locator("#faults")).to_contain_text("No fault is set.")
    there.ok(*shlex.split(str(board.locator("#delays-line code").text_content()))[1:])
    expect(board.get_by_label("network as slow as it is")).to_be_checked()
    assert there.manage("GET", "/_local/settings")["delays"] is True


def test_the_panel_shows_checks_events_log_and_configuration_without_secrets(board: Page, there: LocalFleet) -> None:
    machine = there.machine_in("iad")
    there.api.visit(APP, "/hello", region="iad")
    choose(board, machine)
    panel = board.locator("#panel")
    expect(panel).to_contain_text("servicecheck-00-http-8080: passing")
    expect(panel.locator(".log")).to_contain_text("asked for /hello")
    expect(panel).to_contain_text("start started, by flyd")
    panel.get_by_text("Configuration").click()
    expect(panel.get_by_label("Configuration")).to_contain_text('"internal_port": 8080')
    expect(panel.get_by_label("Configuration")).to_contain_text("SWITCHES")
    expect(panel.get_by_label("Configuration")).not_to_contain_text(str(there.switches))
