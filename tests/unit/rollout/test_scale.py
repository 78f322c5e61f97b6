"""Scaling against the simulated platform: real handlers, a clock of our own, every failure on order."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.plan.plan import Plan, counts_text
from flyctl_orchestrator.rollout.plan.scale import plan_scale
from flyctl_orchestrator.rollout.plan.steps import CopyMachine
from flyctl_orchestrator.rollout.state.metadata import CREATED, VERIFIED, Verification
from tests.unit.rollout.rollout_world import APP, Looks, Snapshot, World, snapshot
from tests.unit.rollout.scale_bench import ScaleBench, press_at


@pytest.fixture
def bench(world: World) -> ScaleBench:
    return ScaleBench(world)


# --- adding


def test_new_machines_are_copies_that_were_proved(bench: ScaleBench) -> None:
    outcome = bench.scale(nrt=2, iad=2)
    assert outcome.kind == "done" and outcome.what.startswith("3 machines are new and verified, 2 unchanged; ")
    assert bench.counts() == {"iad": 2, "fra": 1, "nrt": 2}
    assert {machine.digest for machine in bench.world.machines()} == {bench.image.digest}
    assert {machine.state for machine in bench.world.machines()} == {"started"}
    new = [row for row in outcome.rows if row.fate == "new"]
    assert {row.machine for row in new} <= set(bench.world.probes)
    assert all(row.health == "healthy" and row.latency_s for row in new)


def test_the_next_deploy_finds_nothing_to_do(bench: ScaleBench) -> None:
    bench.scale(nrt=2)
    wanted = bench.world.desired(bench.image, {"iad": 1, "fra": 1, "nrt": 2})
    assert bench.world.plan(wanted).empty


def test_a_copy_keeps_flyctls_metadata_and_gets_a_tag_of_its_own(bench: ScaleBench) -> None:
    source = bench.world.machines()[0]
    bench.scale(nrt=2)
    first, second = bench.world.in_region("nrt")
    kept = ("fly_release_version", "fly_release_id", "fly_process_group", "fly_platform_version", VERIFIED)
    for key in kept:
        assert first.metadata[key] == second.metadata[key] == source.metadata[key]
    assert len({first.metadata[CREATED], second.metadata[CREATED], source.metadata.get(CREATED)}) == 3


def test_doing_it_again_changes_nothing(bench: ScaleBench) -> None:
    bench.scale(nrt=1)
    before = snapshot(bench.world)
    assert bench.plan({"nrt": 1, "iad": 1}).empty
    assert snapshot(bench.world) == before


def test_a_machine_that_is_put_to_sleep_before_it_was_looked_at_is_woken(bench: ScaleBench) -> None:
    slept: list[str] = []

    def doze(method: str, url: str, json: Any) -> None:
        fresh = [m for m in bench.world.bodies() if m["region"] == "nrt" and m["state"] == "started"]
        if fresh and not slept:
            slept.append(fresh[0]["id"])
            bench.world.call("POST", f"/v1/apps/{APP}/machines/{fresh[0]['id']}/suspend")

    bench.world.on_call = doze
    bench.scale(nrt=1)
    assert slept
    assert bench.world.in_region("nrt")[0].state == "started"
    assert slept[0] in bench.world.probes


def test_it_tells_what_it_does_like_any_rollout(bench: ScaleBench) -> None:
    bench.scale(nrt=1, fra=0)
    waves = [event.fields["wave"] for event in bench.world.events if event.name == "wave.started"]
    assert waves == ["add", "remove"]
    steps = [event.fields["step"] for event in bench.world.events if event.name == "step.finished"]
    removal = ["cordon", "await_propagation", "stop_machine", "destroy_machine"]
    assert steps == ["copy_machine", "gate", *removal]


# --- failing


def assert_gone_back(bench: ScaleBench, before: dict[str, Snapshot]) -> None:
    assert snapshot(bench.world) == before


@pytest.mark.parametrize("others", [{}, {"fra": 0}])
def test_when_a_new_machine_fails_all_new_ones_go_and_nothing_else_is_touched(
    bench: ScaleBench, others: dict[str, int]
) -> None:
    before = snapshot(bench.world)
    bench.sick.add("nrt")
    outcome = bench.scale(timeout=20, nrt=1, lhr=1, **others)
    assert (outcome.exit, outcome.kind) == (Exit.ROLLED_BACK, "rolled_back")
    assert "what was created is destroyed again, nothing else was touched" in outcome.what
    assert outcome.what.startswith("nrt ") and "check" in outcome.what
    assert_gone_back(bench, before)


def test_a_wrong_answer_from_outside_is_a_failure_whatever_the_checks_say(bench: ScaleBench) -> None:
    before = snapshot(bench.world)
    bench.world.looks[bench.image.ref or ""] = Looks(region="iad")
    outcome = bench.scale(timeout=20, nrt=1)
    assert outcome.exit is Exit.ROLLED_BACK and "answered from region iad, not nrt" in outcome.what
    assert_gone_back(bench, before)


def test_a_machine_that_exits_fails_at_once(bench: ScaleBench) -> None:
    before = snapshot(bench.world)
    bench.world.simulation.images.push(bench.image.ref or "", Behaviour(exit_after_seconds=0.5, exit_code=3))
    began = bench.world.clock.now()
    outcome = bench.scale(timeout=600, nrt=1)
    assert outcome.exit is Exit.ROLLED_BACK and "ended with exit code 3" in outcome.what
    assert bench.world.clock.now() - began < 60
    assert_gone_back(bench, before)


def test_a_create_whose_answer_got_lost_is_found_again_and_not_made_twice(bench: ScaleBench) -> None:
    broken: list[str] = []

    def lose_one(method: str, url: str, **more: Any) -> HttpAnswer:
        answer = bench.world.http.send(method, url, **more)
        if method == "POST" and url.endswith("/machines") and not broken:
            broken.append(url)
            raise HttpError("reset", "the connection broke off")
        return answer

    bench.break_wire(lose_one)
    assert bench.scale(nrt=1).kind == "done"
    assert broken
    assert bench.counts() == {"iad": 1, "fra": 1, "nrt": 1}


def test_what_cannot_be_removed_again_is_named(bench: ScaleBench) -> None:
    bench.sick.add("nrt")

    def refuse_deletes(method: str, url: str, **more: Any) -> HttpAnswer:
        if method == "DELETE" and "/lease" not in url:
            raise HttpError("refused", "connection refused")
        return bench.world.http.send(method, url, **more)

    bench.break_wire(refuse_deletes)
    outcome = bench.scale(timeout=10, nrt=1)
    (left,) = bench.world.in_region("nrt")
    assert outcome.exit is Exit.LEFT_MIXED
    assert left.id in outcome.what


def test_ctrl_c_while_adding_puts_everything_back(bench: ScaleBench) -> None:
    before = snapshot(bench.world)
    press_at(bench, "step.finished", step="copy_machine")
    outcome = bench.scale(nrt=2, fra=0)
    assert (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED)
    assert_gone_back(bench, before)


def test_ctrl_c_before_anything_is_removed_puts_everything_back(bench: ScaleBench) -> None:
    before = snapshot(bench.world)
    press_at(bench, "wave.passed", wave="add")
    assert bench.scale(nrt=2, fra=0).kind == "interrupted"
    assert_gone_back(bench, before)


def test_the_policy_not_to_go_back_holds_here_too(bench: ScaleBench) -> None:
    bench.sick.add("nrt")
    outcome = bench.run(bench.plan({"nrt": 1}), timeout=20.0, rollback=False)
    (left,) = bench.world.in_region("nrt")
    assert outcome.exit is Exit.LEFT_MIXED and left.id in outcome.what


# --- what is planned


def test_the_plan_says_the_counts_before_and_after(bench: ScaleBench) -> None:
    plan = bench.plan({"nrt": 2, "fra": 0, "iad": 1})
    assert counts_text(plan.counts) == "nrt 0 → 2, fra 1 → 0"
    assert (plan.kind, plan.image, plan.unchanged) == ("scale", bench.image, 1)


# --- what is copied


def sources(plan: Plan) -> list[str]:
    return [step.source for lane in plan.lanes for step in lane.steps if isinstance(step, CopyMachine)]


def test_a_mixed_fleet_is_refused_unless_the_machine_to_copy_is_named(bench: ScaleBench) -> None:
    two = bench.world.push("two")
    old, other = bench.world.machines()
    bench.world.flyctl_update(next(b for b in bench.world.bodies() if b["id"] == other.id), two.ref or "")
    bench.world.pass_time(10)
    with pytest.raises(UsageError, match="runs 2 different images") as caught:
        bench.plan({"nrt": 1})
    assert caught.value.code == "scale.mixed"
    assert sources(bench.plan({"nrt": 1}, like=old.id)) == [old.id]
    with pytest.raises(UsageError, match="is no machine of process group app"):
        bench.plan({"nrt": 1}, like="m-nobody")


def test_the_newest_verified_machine_is_copied_rather_than_an_edited_one(bench: ScaleBench) -> None:
    edited, good = bench.world.in_region("fra")[0], bench.world.in_region("iad")[0]
    config = {**edited.config, "env": {**edited.config["env"], "DEBUG": "1"}}
    bench.world.call("POST", f"/v1/apps/{APP}/machines/{edited.id}", {"config": config})
    bench.world.pass_time(10)
    assert sources(bench.plan({"nrt": 1})) == [good.id]


def test_machines_with_volumes_are_not_copied(bench: ScaleBench) -> None:
    bench.world.call("POST", f"/v1/apps/{APP}/volumes", {"name": "data", "region": "iad", "size_gb": 1})
    volume = bench.world.call("GET", f"/v1/apps/{APP}/volumes")[0]["id"]
    config = bench.world.config_for("db", bench.image.ref or "", None)
    config["mounts"] = [{"volume": volume, "path": "/data", "name": "data"}]
    bench.world.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": "iad"})
    with pytest.raises(UsageError, match="have volumes, and flyo does not create volumes") as caught:
        plan_scale(bench.world.observe(), {("nrt", "db"): 1})
    assert "flyctl machine clone" in str(caught.value)


def test_a_group_without_machines_has_nothing_to_copy(bench: ScaleBench) -> None:
    with pytest.raises(UsageError, match="process group worker has no machine to copy"):
        plan_scale(bench.world.observe(), {("nrt", "worker"): 1})


def test_groups_with_images_of_their_own_are_each_proved_against_theirs(bench: ScaleBench) -> None:
    """A fleet whose process groups were deployed one by one."""
    other = bench.world.push("worker")
    config = bench.world.config_for("worker", f"{other.ref}@{other.digest}", None)
    bench.world.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": "iad"})
    bench.world.pass_time(10)
    plan = plan_scale(bench.world.observe(), {("nrt", "app"): 1, ("nrt", "worker"): 1})
    outcome = bench.run(plan)
    assert outcome.kind == "done", outcome.what
    assert {machine.group: machine.digest for machine in bench.world.in_region("nrt")} == {
        "app": bench.image.digest,
        "worker": other.digest,
    }


def test_a_copy_of_an_unverified_machine_has_passed_the_gate_but_is_of_no_fly_toml(bench: ScaleBench) -> None:
    for machine in bench.world.machines():
        bench.world.call("DELETE", f"/v1/apps/{APP}/machines/{machine.id}/metadata/{VERIFIED}")
    bench.scale(nrt=1)
    (copy,) = bench.world.in_region("nrt")
    mark = Verification.on(copy)
    assert mark is not None and mark.fits(copy) and mark.definition == ""
    wanted = bench.world.desired(bench.image, {"iad": 1, "fra": 1, "nrt": 1})
    assert {lane.reasons for lane in bench.world.plan(wanted).lanes} == {("unverified",)}
