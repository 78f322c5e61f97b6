"""Scaling against the simulated platform: real handlers, a clock of our own, every failure on order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.context.concurrency import InTurn
from flyctl_orchestrator.rollout.scaling.plan import ScalePlan, plan_scale
from flyctl_orchestrator.rollout.scaling.run import Scaled, ScaleFailed, Scaler
from flyctl_orchestrator.rollout.scaling.verify import Policy
from flyctl_orchestrator.rollout.state.metadata import CREATED, VERIFIED
from tests.unit.rollout.rollout_world import APP, Looks, Snapshot, World, snapshot


class Wire:
    """An HTTP that is one function of the test's own."""

    def __init__(self, send: Callable[..., HttpAnswer]) -> None:
        self._send = send

    def send(self, method: str, url: str, *, headers: Any, json: Any = None, timeout: float) -> HttpAnswer:
        return self._send(method, url, headers=headers, json=json, timeout=timeout)


class Bench:
    """A deployed app, and short names to scale it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: list[str] = []
        self.sick: set[str] = set()
        self.api = world.api
        behaviour = Behaviour(healthy=lambda machine, region: region not in self.sick)
        self.image = world.push("one", behaviour)
        assert world.deploy(world.desired(self.image, {"iad": 1, "fra": 1})).kind == "done"
        world.calls.clear()
        world.probes.clear()

    def plan(self, counts: Mapping[str, int], **options: Any) -> ScalePlan:
        places = {(region, "app"): count for region, count in counts.items()}
        return plan_scale(self.world.observe(), places, **options)

    def run(self, plan: ScalePlan, timeout: float = 60.0) -> Scaled:
        world = self.world
        policy = Policy("http://{app}.test", Probe(path="/up"), timeout)
        prober = Prober(world.http)

        def say(tone: str, line: str) -> None:
            self.said.append(line)

        scaler = Scaler(self.api, prober, world.clock, world.random, InTurn(), policy, say)
        return scaler.run(plan)

    def scale(self, timeout: float = 60.0, **counts: int) -> Scaled:
        return self.run(self.plan(counts), timeout)

    def break_wire(self, send: Callable[..., HttpAnswer]) -> None:
        """Let `send` stand between the client and the platform."""
        world = self.world
        self.api = MachinesApi("http://fly.test", TOKEN, Wire(send), world.clock, world.random, patience=5.0)

    def counts(self) -> dict[str, int]:
        return dict(Counter(machine.region for machine in self.world.machines()))


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


# --- adding


def test_new_machines_are_copies_that_were_proved(bench: Bench) -> None:
    done = bench.scale(nrt=2, iad=2)
    assert bench.counts() == {"iad": 2, "fra": 1, "nrt": 2}
    assert {machine.digest for machine in bench.world.machines()} == {bench.image.digest}
    assert {machine.state for machine in bench.world.machines()} == {"started"}
    assert {each.machine.id for each in done.created} <= set(bench.world.probes)
    assert all(each.answer is not None and each.answer.ok for each in done.created)


def test_the_next_deploy_finds_nothing_to_do(bench: Bench) -> None:
    bench.scale(nrt=2)
    wanted = bench.world.desired(bench.image, {"iad": 1, "fra": 1, "nrt": 2})
    assert bench.world.plan(wanted).empty


def test_a_copy_keeps_flyctls_metadata_and_gets_a_tag_of_its_own(bench: Bench) -> None:
    source = bench.world.machines()[0]
    bench.scale(nrt=2)
    first, second = bench.world.in_region("nrt")
    kept = ("fly_release_version", "fly_release_id", "fly_process_group", "fly_platform_version", VERIFIED)
    for key in kept:
        assert first.metadata[key] == second.metadata[key] == source.metadata[key]
    assert len({first.metadata[CREATED], second.metadata[CREATED], source.metadata.get(CREATED)}) == 3


def test_doing_it_again_changes_nothing(bench: Bench) -> None:
    bench.scale(nrt=1)
    before = snapshot(bench.world)
    assert bench.plan({"nrt": 1, "iad": 1}).empty
    assert snapshot(bench.world) == before


def test_a_machine_that_is_put_to_sleep_before_it_was_looked_at_is_woken(bench: Bench) -> None:
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


# --- failing


def assert_gone_back(bench: Bench, before: dict[str, Snapshot]) -> None:
    assert snapshot(bench.world) == before


@pytest.mark.parametrize("others", [{}, {"fra": 0}])
def test_when_a_new_machine_fails_all_new_ones_go_and_nothing_else_is_touched(
    bench: Bench, others: dict[str, int]
) -> None:
    before = snapshot(bench.world)
    bench.sick.add("nrt")
    with pytest.raises(ScaleFailed) as caught:
        bench.scale(timeout=20, nrt=1, lhr=1, **others)
    assert (caught.value.exit, caught.value.code) == (Exit.ROLLED_BACK, "scale.rolled_back")
    assert "in nrt: check " in caught.value.what
    assert_gone_back(bench, before)


def test_a_wrong_answer_from_outside_is_a_failure_whatever_the_checks_say(bench: Bench) -> None:
    before = snapshot(bench.world)
    bench.world.looks[bench.image.ref or ""] = Looks(region="iad")
    with pytest.raises(ScaleFailed, match="answered from region iad, not nrt") as caught:
        bench.scale(timeout=20, nrt=1)
    assert caught.value.exit is Exit.ROLLED_BACK
    assert_gone_back(bench, before)


def test_a_machine_that_exits_fails_at_once(bench: Bench) -> None:
    before = snapshot(bench.world)
    bench.world.simulation.images.push(bench.image.ref or "", Behaviour(exit_after_seconds=0.5, exit_code=3))
    began = bench.world.clock.now()
    with pytest.raises(ScaleFailed, match="ended with exit code 3"):
        bench.scale(timeout=600, nrt=1)
    assert bench.world.clock.now() - began < 60
    assert_gone_back(bench, before)


def test_a_create_whose_answer_got_lost_is_found_again_and_not_made_twice(bench: Bench) -> None:
    broken: list[str] = []

    def lose_one(method: str, url: str, **more: Any) -> HttpAnswer:
        answer = bench.world.http.send(method, url, **more)
        if method == "POST" and url.endswith("/machines") and not broken:
            broken.append(url)
            raise HttpError("reset", "the connection broke off")
        return answer

    bench.break_wire(lose_one)
    bench.scale(nrt=1)
    assert broken
    assert bench.counts() == {"iad": 1, "fra": 1, "nrt": 1}


def test_what_cannot_be_removed_again_is_named(bench: Bench) -> None:
    bench.sick.add("nrt")

    def refuse_deletes(method: str, url: str, **more: Any) -> HttpAnswer:
        if method == "DELETE":
            raise HttpError("refused", "connection refused")
        return bench.world.http.send(method, url, **more)

    bench.break_wire(refuse_deletes)
    with pytest.raises(ScaleFailed) as caught:
        bench.scale(timeout=10, nrt=1)
    (left,) = bench.world.in_region("nrt")
    assert caught.value.exit is Exit.LEFT_MIXED
    assert left.id in caught.value.what


def test_ctrl_c_while_adding_puts_everything_back(bench: Bench) -> None:
    before = snapshot(bench.world)

    def interrupt(method: str, url: str, json: Any) -> None:
        if bench.world.in_region("nrt"):
            bench.world.on_call = None
            raise KeyboardInterrupt

    bench.world.on_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.scale(nrt=2)
    assert_gone_back(bench, before)


# --- removing


def test_removal_cordons_stops_and_destroys_in_that_order(bench: Bench) -> None:
    (doomed,) = bench.world.in_region("fra")
    done = bench.scale(fra=0)
    assert [each.id for each in done.removed] == [doomed.id]
    assert bench.counts() == {"iad": 1}
    path = f"/apps/{APP}/machines/{doomed.id}"
    mine = [(method, called.removeprefix(path)) for method, called in bench.world.calls if called.startswith(path)]
    assert mine == [("POST", "/cordon"), ("POST", "/stop"), ("GET", "/wait"), ("DELETE", "")]


def test_nothing_is_removed_before_what_is_new_is_proved(bench: Bench) -> None:
    order: list[str] = []

    def watch(method: str, url: str, json: Any) -> None:
        order.append("destroy" if method == "DELETE" else "probe" if ".test/" in url and "/v1" not in url else "")

    bench.world.on_call = watch
    bench.scale(nrt=1, fra=0)
    told = [each for each in order if each]
    assert told.index("probe") < told.index("destroy")
    assert bench.counts() == {"iad": 1, "nrt": 1}


def test_sleeping_machines_go_first_and_are_not_woken_for_it(bench: Bench) -> None:
    bench.scale(iad=3)
    asleep = bench.world.in_region("iad")[1]
    bench.world.call("POST", f"/v1/apps/{APP}/machines/{asleep.id}/suspend")
    bench.world.pass_time(5)
    plan = bench.plan({"iad": 2})
    assert [machine.id for machine in plan.removals] == [asleep.id]
    bench.world.calls.clear()
    bench.run(plan)
    touched = [(method, path) for method, path in bench.world.calls if asleep.id in path]
    assert [method for method, _ in touched] == ["DELETE"]


def test_places_that_are_not_named_stay_as_they_are(bench: Bench) -> None:
    assert bench.plan({"iad": 0}).removals == tuple(bench.world.in_region("iad"))


@pytest.mark.parametrize(
    ("counts", "ends"),
    [({"iad": 0}, False), ({"iad": 0, "fra": 0}, True), ({"iad": 0, "fra": 0, "nrt": 1}, False), ({"nrt": 1}, False)],
)
def test_taking_the_last_machine_is_told_apart(bench: Bench, counts: dict[str, int], ends: bool) -> None:
    assert bench.plan(counts).ends_service is ends


def test_a_broken_machine_is_no_reason_to_believe_that_somebody_is_left(bench: Bench) -> None:
    bench.sick.add("fra")
    bench.world.pass_time(30)
    assert not bench.world.in_region("fra")[0].checks_passing
    assert bench.plan({"iad": 0}).ends_service


# --- what is copied


def test_a_mixed_fleet_is_refused_unless_the_machine_to_copy_is_named(bench: Bench) -> None:
    two = bench.world.push("two")
    old, other = bench.world.machines()
    bench.world.flyctl_update(next(b for b in bench.world.bodies() if b["id"] == other.id), two.ref or "")
    bench.world.pass_time(10)
    with pytest.raises(UsageError, match="runs 2 different images") as caught:
        bench.plan({"nrt": 1})
    assert caught.value.code == "scale.mixed"
    plan = bench.plan({"nrt": 1}, like=old.id)
    assert plan.additions[0].source.id == old.id
    with pytest.raises(UsageError, match="is no machine of process group app"):
        bench.plan({"nrt": 1}, like="m-nobody")


def test_the_newest_verified_machine_is_copied_rather_than_an_edited_one(bench: Bench) -> None:
    edited = bench.world.in_region("fra")[0]
    config = {**edited.config, "env": {**edited.config["env"], "DEBUG": "1"}}
    bench.world.call("POST", f"/v1/apps/{APP}/machines/{edited.id}", {"config": config})
    bench.world.pass_time(10)
    assert bench.plan({"nrt": 1}).additions[0].source.region == "iad"


def test_machines_with_volumes_are_not_copied(bench: Bench) -> None:
    bench.world.call("POST", f"/v1/apps/{APP}/volumes", {"name": "data", "region": "iad", "size_gb": 1})
    volume = bench.world.call("GET", f"/v1/apps/{APP}/volumes")[0]["id"]
    config = bench.world.config_for("db", bench.image.ref or "", None)
    config["mounts"] = [{"volume": volume, "path": "/data", "name": "data"}]
    bench.world.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": "iad"})
    with pytest.raises(UsageError, match="have volumes, and flyo does not create volumes") as caught:
        plan_scale(bench.world.observe(), {("nrt", "db"): 1})
    assert "flyctl machine clone" in str(caught.value)


def test_a_group_without_machines_has_nothing_to_copy(bench: Bench) -> None:
    with pytest.raises(UsageError, match="process group worker has no machine to copy"):
        plan_scale(bench.world.observe(), {("nrt", "worker"): 1})


def test_a_copy_of_an_unverified_machine_is_not_called_verified(bench: Bench) -> None:
    for machine in bench.world.machines():
        bench.world.call("DELETE", f"/v1/apps/{APP}/machines/{machine.id}/metadata/{VERIFIED}")
    bench.scale(nrt=1)
    assert VERIFIED not in bench.world.in_region("nrt")[0].metadata
