"""A rollout on the page, while it happens and after it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.functional.cli.local_fleet import LocalFleet

pytestmark = pytest.mark.xdist_group("browser")


def again(there: LocalFleet) -> None:
    """Something for a deploy to do."""
    server = there.project / "server.py"
    server.write_text(server.read_text() + "# changed\n")


def test_a_rollout_is_followed_to_its_table(board: Page, there: LocalFleet) -> None:
    again(there)
    there.ok("deploy", "--local")
    rollout = board.locator("#rollout")
    expect(rollout.locator(".badge")).to_contain_text("done")
    expect(rollout.locator(".wave.passed")).to_have_count(2)
    rows = rollout.locator("tbody tr")
    expect(rows).to_have_count(2)
    for region in ("fra", "iad"):
        machine = there.machine_in(region)
        expect(rows.filter(has_text=region)).to_contain_text(machine["id"])
        expect(rows.filter(has_text=region)).to_contain_text("healthy")
    # A page that comes later is told the same.
    board.reload()
    expect(rollout.locator(".wave.passed")).to_have_count(2)
    expect(rows).to_have_count(2)


def test_a_rollout_that_goes_back_says_why_and_what_became_of_each_machine(board: Page, there: LocalFleet) -> None:
    again(there)
    before = {one["id"]: one["image_ref"]["digest"] for one in there.machines()}
    sick = {"name": "failing-check", "region": "fra", "set": {"release": "new"}}
    there.manage("POST", "/_local/faults", sick)
    assert there.flyo("deploy", "--local", "--timeout", "6s").status == 3
    rollout = board.locator("#rollout")
    expect(rollout.locator(".badge")).to_contain_text("went back")
    expect(rollout.locator(".wave.failed")).to_have_count(1)
    expect(rollout.locator(".happened")).to_contain_text("going back")
    expect(rollout.locator("tbody tr").filter(has_text="restored").first).to_be_visible()
    assert {one["id"]: one["image_ref"]["digest"] for one in there.machines()} == before


def test_a_command_that_does_not_begin_is_said(board: Page, there: LocalFleet) -> None:
    there.ok("lock", "take", "--local", "--why", "holiday")
    assert there.flyo("deploy", "--local").status != 0
    there.ok("lock", "release", "--local")
    expect(board.locator("#rollout .badge")).to_contain_text("did not begin")
