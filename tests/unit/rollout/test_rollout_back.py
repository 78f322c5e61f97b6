"""Rollouts that do not go well: what is put back, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.events import Event
from tests.unit.rollout.rollout_world import APP, Looks, World, snapshot

EXITS = Behaviour(exit_after_seconds=0.3, exit_code=3)
DEAF = Behaviour(healthy_seconds=None)
UNSTARTABLE = Behaviour(fails_to_start="no such file")
BROKEN = {"exits": EXITS, "never listens": DEAF, "cannot start": UNSTARTABLE}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_release_stops_at_the_canary_and_is_put_back(world: World, how: str) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    versions = {machine.id: machine.instance_id for machine in world.machines()}
    outcome = world.deploy(world.desired(world.push("bad", BROKEN[how])))
    assert (outcome.kind, outcome.exit) == ("rolled_back", Exit.ROLLED_BACK), outcome.what
    assert snapshot(world) == before
    canary = world.in_region("iad")[0].id
    moved = {machine.id for machine in world.machines() if versions[machine.id] != machine.instance_id}
    assert moved == {canary}
    assert {row.machine: row.fate for row in outcome.rows}[canary] == "restored"


def test_an_exit_is_noticed_long_before_the_time_is_over(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    started = world.clock.now()
    outcome = world.deploy(world.desired(world.push("bad", EXITS), policy=RolloutPolicy(timeout=600.0)))
    assert outcome.kind == "rolled_back"
    assert "exit code 3" in outcome.what
    assert world.clock.now() - started < 30


def test_the_leases_of_an_interrupted_flyctl_are_not_waited_for(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    times: dict[str, float] = {}

    def note_first(event: Event) -> None:
        times.setdefault(event.name, event.ts)

    world.on_event = note_first
    assert world.deploy(world.desired(world.push("bad", EXITS))).kind == "rolled_back"
    assert times["rollback.finished"] - times["rollback.started"] < 6


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        (Looks(status=500), "500"),
        (Looks(status=404), "404"),
        (Looks(region="ams"), "answered from region ams"),
        (Looks(machine="148e00000000aa"), "answered by machine 148e00000000aa"),
        (Looks(seconds=2.5), "2500 ms"),
    ],
)
def test_a_wrong_answer_from_outside_is_a_fail(world: World, looks: Looks, words: str) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    bad = world.push("bad")
    world.looks[bad.ref or ""] = looks
    outcome = world.deploy(world.desired(bad, policy=RolloutPolicy(timeout=600.0)))
    assert outcome.kind == "rolled_back" and words in outcome.what
    assert snapshot(world) == before


def test_a_later_wave_takes_the_earlier_ones_back_with_it(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    bad = world.push("bad", Behaviour(healthy=lambda machine, region: region != "nrt"))
    outcome = world.deploy(world.desired(bad))
    assert outcome.kind == "rolled_back", outcome.what
    assert "nrt" in outcome.what
    assert snapshot(world) == before


def test_sleepers_are_put_back_to_sleep_as_they_were(world: World) -> None:
    counts = {"iad": 2, "fra": 1}
    world.deploy(world.desired(world.push("one"), counts))
    sleepers = [world.in_region("iad")[1].id, world.in_region("fra")[0].id]
    world.call("POST", f"/v1/apps/{APP}/machines/{sleepers[0]}/stop", {})
    world.call("POST", f"/v1/apps/{APP}/machines/{sleepers[1]}/suspend")
    world.pass_time(5)
    before = snapshot(world)
    bad = world.push("bad", Behaviour(healthy=lambda machine, region: region != "fra"))
    outcome = world.deploy(world.desired(bad, counts))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world) == before


def test_created_machines_are_destroyed_again(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 1}))
    before = snapshot(world)
    bad = world.push("bad", Behaviour(healthy=lambda machine, region: region != "nrt"))
    outcome = world.deploy(world.desired(bad, {"iad": 1, "fra": 2, "nrt": 1}))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world) == before
    assert sum(row.fate == "destroyed" for row in outcome.rows) == 3


def test_a_failed_first_deploy_leaves_nothing(world: World) -> None:
    outcome = world.deploy(world.desired(world.push("bad", EXITS)))
    assert outcome.kind == "rolled_back"
    assert world.machines() == []


def test_a_cordoned_machine_stays_cordoned(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    machine = world.in_region("fra")[0]
    world.call("POST", f"/v1/apps/{APP}/machines/{machine.id}/cordon")
    before = snapshot(world)
    assert world.deploy(world.desired(world.push("bad", EXITS))).kind == "rolled_back"
    assert snapshot(world) == before
    assert world.deploy(world.desired(world.push("two"))).kind == "done"
    assert world.in_region("fra")[0].cordoned


def test_no_rollback_leaves_it_and_says_so(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    bad = world.push("bad", EXITS)
    outcome = world.deploy(world.desired(bad, policy=RolloutPolicy(timeout=60.0, rollback=False)))
    assert (outcome.kind, outcome.exit) == ("mixed", Exit.LEFT_MIXED)
    assert [row.fate for row in outcome.rows if row.region == "iad"] == ["failed"]


def test_flyctl_giving_up_before_it_changes_anything_changes_nothing(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    world.flyctl.broken = "release command failed - aborting deployment"
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("untouched", Exit.ERROR)
    assert "release command failed" in outcome.what
    assert snapshot(world) == before


def test_an_interrupt_puts_everything_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)

    def press(event: Any) -> None:
        if event.name == "wave.started" and event.fields["number"] == 2:
            world.stop.press()

    world.on_event = press
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED)
    assert snapshot(world) == before


def test_a_second_interrupt_stops_on_the_spot_and_says_what_is_where(world: World) -> None:
    world.deploy(world.desired(world.push("one")))

    def press(event: Any) -> None:
        if event.name == "wave.started" and event.fields["number"] == 2:
            world.stop.press()
        if event.name == "rollback.started":
            world.stop.press()

    world.on_event = press
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("mixed", Exit.LEFT_MIXED)
    assert world.in_region("iad")[0].id in outcome.what


def test_a_rollback_is_not_rolled_back(world: World) -> None:
    flaky = {"good": True}
    one = world.push("one", Behaviour(healthy=lambda machine, region: flaky["good"]))
    world.deploy(world.desired(one))
    world.on_event = lambda event: flaky.update(good=flaky["good"] and event.name != "rollback.started")
    outcome = world.deploy(world.desired(world.push("bad", EXITS)))
    assert (outcome.kind, outcome.exit) == ("mixed", Exit.LEFT_MIXED)
    # It has its former image back all the same.
    assert {machine.digest for machine in world.machines()} == {one.digest}
    assert world.names().count("rollback.started") == 1


def test_a_machine_that_was_ill_before_need_not_be_healthy_after(world: World) -> None:
    ill = {"ill": False}
    world.deploy(world.desired(world.push("one", Behaviour(healthy=lambda machine, region: not ill["ill"]))))
    ill["ill"] = True
    world.pass_time(20)
    before = snapshot(world)
    outcome = world.deploy(world.desired(world.push("bad", EXITS)))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world) == before


def test_a_fault_during_the_bake_goes_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    late = world.push("late", Behaviour(exit_after_seconds=20))
    outcome = world.deploy(world.desired(late, policy=RolloutPolicy(timeout=60.0, bake=60.0)))
    assert outcome.kind == "rolled_back" and "ended" in outcome.what
    assert snapshot(world) == before


def test_an_interrupt_before_the_first_look_puts_back_what_flyctl_has_done_already(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    world.on_event = lambda event: world.stop.press() if event.name == "flyctl.started" else None
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED)
    assert snapshot(world) == before


def test_a_machine_left_without_requests_is_not_called_unchanged(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    old = world.in_region("iad")[0].id
    bad = world.push("bad", Behaviour(healthy=lambda machine, region: region != "nrt"))
    policy = RolloutPolicy(timeout=60.0, rollback=False, strategy="surge")
    outcome = world.deploy(world.desired(bad, policy=policy))
    assert outcome.exit == Exit.LEFT_MIXED
    left = next(machine for machine in world.machines() if machine.id == old)
    assert left.cordoned
    fates = {row.machine: (row.fate, row.why) for row in outcome.rows}
    assert fates[old] == ("unverified", "it is cordoned: it gets no requests")
