"""A rollout on the page, while it happens and after it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

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


def test_evidence_countdowns_and_the_way_back_are_shown_while_they_happen(board: Page, there: LocalFleet) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    lane = {"lane": "fra/app/m1", "name": "fra/app/m1", "region": "fra", "group": "app", "machine": "m1"}

    def tell(event_name: str, /, **fields: object) -> None:
        event = {"schema": "flyo.event/1", "event": event_name, "ts": now, "app": "told", **fields}
        there.manage("POST", "/_local/events", {"run": "told-by-a-test", "events": [event]})

    rollout = board.locator("#rollout")
    wave = {"name": "canary", "lanes": [lane]}
    tell("plan.ready", kind="deploy", machines=1, waves=[wave], image=None, counts=None)
    tell("rollout.started", rollout="0001-x", kind="deploy", image="i", digest=None)
    tell("wave.started", wave="canary", number=1, of=1, regions=["fra"], lanes=[lane])
    expect(rollout.locator(".badge")).to_have_text("wave 1 of 1")
    tell("machine.phase", **lane, phase="watching", reason="", release=7)
    expect(rollout.locator(".wave.running")).to_contain_text("watching")
    tell("watch.started", seconds=600, machines=1)
    expect(rollout.locator(".watch")).to_have_text(re.compile(r"watch: \d+ s left of 600 s"))
    tell("evidence.gathered", during="watch", good=23, asked=24, wanted=40, below=0.1, regions=[])
    expect(rollout.locator(".evidence")).to_contain_text("23 of 24 answers good, 40 wanted")
    expect(rollout.get_by_role("progressbar", name="Evidence")).to_have_attribute("value", "23")
    tell("bake.started", seconds=900, machines=1)
    expect(rollout.locator(".watch")).to_have_text(re.compile(r"bake: \d+ s left of 900 s"))
    tell("rollback.started", reason="fra m1: it ended", code="watch", machines=1)
    expect(rollout.locator(".badge")).to_have_text("going back")
    expect(rollout.locator("p.bad:not(.badge)")).to_have_text("fra m1: it ended")
    ended = {"region": "fra", "group": "app", "machine": "m1", "release": 6, "image": "i", "state": "started"}
    ended |= {"fate": "restored", "health": "healthy", "latency_s": 0.02, "why": ""}
    tell("rollback.finished", ok=True, verdict="pass")
    tell("rollout.finished", rollout="0001-x", result="rolled_back", exit=3, code="watch", what="it went back",
         next="", seconds=9, machines=[ended], url="", log=None, not_taken_back=None)  # fmt: skip
    expect(rollout.locator(".badge")).to_contain_text("went back, after")
    expect(rollout.locator("tbody tr")).to_contain_text("restored")
