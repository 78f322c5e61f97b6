"""Rollouts that go well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.concurrency import InTurn
from flyctl_orchestrator.rollout.state.metadata import VERIFIED
from tests.unit.rollout.rollout_world import APP, World


def test_a_first_deploy_reaches_every_region(world: World) -> None:
    image = world.push("one")
    outcome = world.deploy(world.desired(image))
    assert (outcome.kind, outcome.exit) == ("done", Exit.OK)
    assert sorted(machine.region for machine in world.machines()) == ["fra", "iad", "nrt"]
    assert {machine.digest for machine in world.machines()} == {image.digest}
    assert all(row.health == "healthy" and row.fate == "new" and row.latency_s for row in outcome.rows)
    # flyctl made the first machine, in the primary region; the others were made from it.
    assert len(world.flyctl.runs) == 1 and not world.flyctl.runs[0].update_only


def test_a_first_machine_outside_of_the_primary_region_is_as_if_it_were_made_there(world: World) -> None:
    image = world.push("one")
    wanted = world.desired(image, {"fra": 1, "nrt": 2})
    outcome = world.deploy(wanted)
    assert outcome.kind == "done", outcome.what
    assert sorted(machine.region for machine in world.machines()) == ["fra", "nrt", "nrt"]
    assert {machine.config["env"]["PRIMARY_REGION"] for machine in world.machines()} == {"iad"}
    assert [run.primary_region for run in world.flyctl.runs] == ["fra"]
    assert world.plan(wanted).empty


def test_a_second_deploy_has_nothing_to_do(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    assert world.plan(world.desired(image)).empty


def test_a_new_image_goes_through_flyctl_in_the_canary_and_through_the_api_elsewhere(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    two = world.push("two")
    outcome = world.deploy(world.desired(two, policy=RolloutPolicy(canary="fra", timeout=60.0)))
    assert outcome.kind == "done", outcome.what
    run = world.flyctl.runs[-1]
    assert (run.regions, run.update_only) == (("fra",), True)
    assert {machine.digest for machine in world.machines()} == {two.digest}
    # One release, however many regions.
    assert {machine.release for machine in world.machines()} == {2}
    assert {machine.config["env"]["DEFINITION"] for machine in world.machines()} == {"one"}


def test_every_machine_is_probed_and_marked(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 2, "fra": 1}))
    ids = {machine.id for machine in world.machines()}
    assert ids <= set(world.probes)
    assert all(VERIFIED in machine.metadata for machine in world.machines())


def test_a_changed_definition_is_a_change(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    world.definition = "two"
    outcome = world.deploy(world.desired(image))
    assert outcome.kind == "done"
    assert {machine.config["env"]["DEFINITION"] for machine in world.machines()} == {"two"}


def test_a_staged_secret_is_a_change(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    world.call("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": "value"}})
    plan = world.plan(world.desired(image))
    assert {lane.reasons for lane in plan.lanes} == {("secrets",)}
    assert world.deploy(world.desired(image)).kind == "done"
    assert world.plan(world.desired(image)).empty


def test_an_edited_machine_is_shown_and_put_right(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    edited = world.in_region("fra")[0]
    config = {**edited.config, "env": {"EDITED": "yes"}}
    world.call("POST", f"/v1/apps/{APP}/machines/{edited.id}", {"config": config})
    world.pass_time(5)
    plan = world.plan(world.desired(image))
    assert [drift.kind for drift in plan.drift] == ["edited"]
    assert [lane.machine for lane in plan.lanes] == [edited.id]
    runs = len(world.flyctl.runs)
    assert world.deploy(world.desired(image)).kind == "done"
    # There is a machine to copy from, so flyctl is not needed.
    assert len(world.flyctl.runs) == runs
    assert "EDITED" not in world.in_region("fra")[0].config["env"]


def test_sleepers_are_woken_proved_and_put_back_to_sleep(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 2, "fra": 1, "nrt": 1}))
    awake, stopped = world.in_region("iad")
    suspended = world.in_region("nrt")[0]
    world.call("POST", f"/v1/apps/{APP}/machines/{stopped.id}/stop", {})
    world.call("POST", f"/v1/apps/{APP}/machines/{suspended.id}/suspend")
    world.pass_time(5)
    world.probes.clear()
    two = world.push("two")
    outcome = world.deploy(world.desired(two, {"iad": 2, "fra": 1, "nrt": 1}))
    assert outcome.kind == "done", outcome.what
    assert {machine.digest for machine in world.machines()} == {two.digest}
    assert {stopped.id, suspended.id} <= set(world.probes)
    states = {machine.id: machine.state for machine in world.machines()}
    assert (states[awake.id], states[stopped.id], states[suspended.id]) == ("started", "stopped", "suspended")
    assert world.plan(world.desired(two, {"iad": 2, "fra": 1, "nrt": 1})).empty


def test_a_region_never_has_more_machines_down_than_allowed(world: World) -> None:
    counts = {"iad": 1, "fra": 4}
    world.deploy(world.desired(world.push("one"), counts))
    lowest = 4

    def count_serving(event: object) -> None:
        nonlocal lowest
        serving = [m for m in world.in_region("fra") if m.state == "started" and m.checks_passing]
        lowest = min(lowest, len(serving))

    world.on_event = count_serving
    assert world.deploy(world.desired(world.push("two"), counts)).kind == "done"
    assert lowest == 3


def test_waves_follow_order_and_width(world: World) -> None:
    counts = {"iad": 1, "fra": 1, "nrt": 1, "syd": 1}
    world.deploy(world.desired(world.push("one"), counts))
    world.events.clear()
    world.deploy(world.desired(world.push("two"), counts, policy=RolloutPolicy(width=2, canary="nrt", timeout=60.0)))
    waves = [event.fields["regions"] for event in world.events if event.name == "wave.started"]
    assert waves == [["nrt"], ["iad", "fra"], ["syd"]]


def test_a_missing_machine_is_created_without_touching_the_others(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    versions = {machine.id: machine.instance_id for machine in world.machines()}
    outcome = world.deploy(world.desired(image, {"iad": 1, "fra": 2, "nrt": 1, "syd": 1}))
    assert outcome.kind == "done", outcome.what
    assert {m.id: m.instance_id for m in world.machines() if m.id in versions} == versions
    assert sorted(machine.region for machine in world.machines()) == ["fra", "fra", "iad", "nrt", "syd"]


def test_surplus_is_reported_and_left(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image, {"iad": 2, "fra": 1}))
    plan = world.plan(world.desired(image, {"iad": 1, "fra": 1}))
    assert plan.empty and [drift.kind for drift in plan.drift] == ["surplus"]


def test_process_groups_each_get_their_own_configuration(world: World) -> None:
    world.groups = ("app", "worker")
    outcome = world.deploy(world.desired(world.push("one"), {"iad": 1, "fra": 1}))
    assert outcome.kind == "done", outcome.what
    found = sorted((m.region, m.group, m.config["env"]["FLY_PROCESS_GROUP"]) for m in world.machines())
    assert found == [
        ("fra", "app", "app"),
        ("fra", "worker", "worker"),
        ("iad", "app", "app"),
        ("iad", "worker", "worker"),
    ]
    assert world.deploy(world.desired(world.push("two"), {"iad": 1, "fra": 1})).kind == "done"
    assert {machine.release for machine in world.machines()} == {2}


def test_a_new_process_group_starts_in_the_primary_region(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image, {"iad": 1, "fra": 1}))
    world.groups, world.definition = ("app", "worker"), "two"
    outcome = world.deploy(world.desired(image, {"iad": 1, "fra": 1}, policy=RolloutPolicy(canary="fra", timeout=60.0)))
    assert outcome.kind == "done", outcome.what
    assert sorted((m.region, m.group) for m in world.machines()) == [
        ("fra", "app"), ("fra", "worker"), ("iad", "app"), ("iad", "worker"),
    ]  # fmt: skip


def test_a_stray_machine_is_never_touched(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    stray = world.call(
        "POST", f"/v1/apps/{APP}/machines", {"config": {"image": "registry.fly.io/shop:one"}, "region": "syd"}
    )
    world.pass_time(3)
    before = world.machine(stray["id"])
    plan = world.plan(world.desired(world.push("two")))
    assert "unmanaged" in [drift.kind for drift in plan.drift]
    assert world.deploy(world.desired(world.push("two"))).kind == "done"
    after = world.machine(stray["id"])
    assert before is not None and after is not None and before["instance_id"] == after["instance_id"]


def finished(world: World, step: str) -> list[float]:
    """When a step came to its end, once for each machine."""
    return [event.ts for event in world.events if (event.name, event.fields.get("step")) == ("step.finished", step)]


class LastFirst(InTurn):
    """Side by side, anybody may come first."""

    def each(self, action: Callable[[Any], None], items: Iterable[Any]) -> None:
        super().each(action, reversed(list(items)))


def test_what_flyctl_has_made_is_given_to_the_others_at_once(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 3}))
    world.events.clear()
    world.concurrency = LastFirst()
    policy = RolloutPolicy(max_unavailable=3, timeout=60.0)
    assert world.deploy(world.desired(world.push("two"), {"iad": 3}, policy=policy)).kind == "done"
    (by_flyctl,) = finished(world, "flyctl_update")
    assert max(finished(world, "update_machine")) - by_flyctl < 0.1


def test_a_machine_that_is_late_does_not_wait_for_those_that_were_changed_after_it(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 6}))
    policy = RolloutPolicy(max_unavailable=2, timeout=60.0, watch=0.0)
    order = list(world.plan(world.desired(world.push("two"), {"iad": 6}, policy=policy)).lanes)
    late, ready = order[1].machine, world.clock.now() + 10.4
    slow = Behaviour(boot_seconds=8.0, healthy=lambda machine, region: machine != late or world.clock.now() > ready)
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("slow", slow), {"iad": 6}, policy=policy))
    assert outcome.kind == "done", outcome.what
    passed = {e.fields["machine"]: e.ts for e in world.events if e.fields.get("phase") == "watching"}
    # By then another one boots in the place of the first.
    assert min(passed.values()) < ready
    assert passed[late] - ready < 1.2
