"""Strategy surge: at no moment has a region that served no machine that serves."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.context import Edge
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.rollout_world import APP, Looks, World, snapshot

EXITS = Behaviour(exit_after_seconds=0.3, exit_code=3)
SURGE = RolloutPolicy(strategy="surge", timeout=60.0)
THREE = {"iad": 1, "fra": 1, "nrt": 1}


class Watcher:
    """Looks before every call of the rollout whether each region still has a machine that takes requests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.gaps: list[str] = []
        self.unproved: list[str] = []
        self._regions = {machine.region for machine in world.machines() if self._takes_requests(machine)}
        self._looking = False
        world.on_call = self._look

    def _look(self, method: str, url: str, body: Any) -> None:
        if method == "GET" or self._looking:
            return
        self._looking = True
        machines = self._world.machines()
        self._looking = False
        open_ = {machine.region for machine in machines if self._takes_requests(machine)}
        self.gaps += [f"{region} before {method} {url}" for region in self._regions - open_]

    @staticmethod
    def _takes_requests(machine: Machine) -> bool:
        ready = machine.asleep or machine.healthy
        return machine.group != "worker" and not machine.cordoned and ready


def counts(world: World) -> dict[str, int]:
    """Machines per region."""
    return dict(Counter(machine.region for machine in world.machines()))


def deploy(world: World, image: PlannedImage, places: dict[str, int] | None = None, strategy: str = "surge") -> Outcome:
    """Roll out."""
    policy = RolloutPolicy(strategy=strategy, timeout=60.0)
    return world.deploy(world.desired(image, places or THREE, policy=policy))


@pytest.fixture
def served(world: World) -> World:
    """Three regions with one machine each."""
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    world.events.clear()
    return world


def test_every_machine_is_replaced_and_no_region_is_ever_without_one(served: World) -> None:
    old = {machine.id for machine in served.machines()}
    watcher, runs = Watcher(served), len(served.flyctl.runs)
    two = served.push("two")
    outcome = deploy(served, two)
    assert outcome.kind == "done", outcome.what
    assert watcher.gaps == []
    assert counts(served) == THREE
    for machine in served.machines():
        assert machine.id not in old and machine.digest == two.digest and machine.state == "started"
        assert not machine.cordoned and machine.config["env"]["DEFINITION"] == "one"
    assert len(served.flyctl.runs) == runs + 1
    assert not set(served.flyctl.runs[-1].only_machines) & old
    fates = Counter(row.fate for row in outcome.rows)
    assert fates == {"new": 3, "destroyed": 3}


def test_a_second_surge_has_nothing_to_do(served: World) -> None:
    two = served.push("two")
    deploy(served, two)
    assert served.plan(served.desired(two, THREE, policy=SURGE)).empty
    assert served.plan(served.desired(two, THREE)).empty


def test_flyctl_never_touches_a_serving_machine(served: World) -> None:
    changed: list[str] = []
    old = {machine.id: machine.instance_id for machine in served.machines()}

    def look(event: Any) -> None:
        now = {machine.id: machine.instance_id for machine in served.machines()}
        changed.extend(id for id, version in old.items() if now.get(id, version) != version)

    served.on_event = look
    assert deploy(served, served.push("two")).kind == "done"
    assert changed == []


def test_no_old_machine_is_destroyed_before_every_region_has_passed(served: World) -> None:
    deploy(served, served.push("two"))
    names = [(event.name, event.fields.get("step")) for event in served.events]
    first = names.index(("step.started", "destroy_machine"))
    passed = [number for number, name in enumerate(names) if name == ("wave.passed", None)]
    assert len([number for number in passed if number < first]) == 2


def test_the_replacement_is_proved_before_the_proxy_knows_it(served: World) -> None:
    deploy(served, served.push("two"))
    lanes: dict[str, list[str]] = {}
    for event in served.events:
        if event.name == "step.finished" and "/old-" not in event.fields["lane"]:
            lanes.setdefault(event.fields["lane"], []).append(event.fields["step"])
    assert len(lanes) == 3
    for steps in lanes.values():
        proof = ["gate", "uncordon", "await_propagation", "gate", "cordon"]
        assert steps[-5:] == proof
        assert steps[:-5] in (["create_machine"], ["clone_machine", "flyctl_configure", "wake"])


@pytest.mark.parametrize("places", [{"iad": 2, "fra": 3}, {"iad": 1}])
def test_counts_are_exact_at_the_end(world: World, places: dict[str, int]) -> None:
    world.deploy(world.desired(world.push("one"), places))
    watcher = Watcher(world)
    assert deploy(world, world.push("two"), places).kind == "done"
    assert (counts(world), watcher.gaps) == (places, [])


@pytest.mark.parametrize("bad_region", ["iad", "fra", "nrt"])
def test_a_broken_release_leaves_the_very_same_machines_serving(served: World, bad_region: str) -> None:
    before, watcher = snapshot(served), Watcher(served)
    bad = served.push("bad", Behaviour(healthy=lambda machine, region: region != bad_region))
    outcome = deploy(served, bad)
    assert (outcome.kind, outcome.exit) == ("rolled_back", Exit.ROLLED_BACK), outcome.what
    assert bad_region in outcome.what
    assert snapshot(served) == before
    assert watcher.gaps == []
    assert {row.fate for row in outcome.rows} <= {"restored", "unchanged", "destroyed"}


def test_a_release_that_ends_at_once_never_gets_a_request(served: World) -> None:
    before = snapshot(served)
    assert deploy(served, served.push("bad", EXITS)).kind == "rolled_back"
    assert snapshot(served) == before
    assert "uncordon" not in [event.fields.get("step") for event in served.events]


def test_a_release_that_answers_wrongly_never_gets_a_request(served: World) -> None:
    before, bad = snapshot(served), served.push("bad")
    served.looks[bad.ref or ""] = Looks(status=500)
    assert deploy(served, bad).kind == "rolled_back"
    assert snapshot(served) == before
    assert "uncordon" not in [event.fields.get("step") for event in served.events]


def test_sleepers_are_replaced_proved_and_asleep_again(world: World) -> None:
    places = {"iad": 1, "fra": 1, "nrt": 1}
    world.deploy(world.desired(world.push("one"), places))
    world.call("POST", f"/v1/apps/{APP}/machines/{world.in_region('fra')[0].id}/stop", {})
    world.call("POST", f"/v1/apps/{APP}/machines/{world.in_region('nrt')[0].id}/suspend")
    world.pass_time(5)
    watcher = Watcher(world)
    two = world.push("two")
    assert deploy(world, two, places).kind == "done"
    states = {machine.region: (machine.state, machine.digest, machine.cordoned) for machine in world.machines()}
    assert states == {
        "iad": ("started", two.digest, False),
        "fra": ("stopped", two.digest, False),
        "nrt": ("suspended", two.digest, False),
    }
    assert watcher.gaps == []
    assert world.plan(world.desired(two, places, policy=SURGE)).empty


def test_sleepers_go_back_without_being_woken(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    for machine in world.machines():
        world.call("POST", f"/v1/apps/{APP}/machines/{machine.id}/suspend")
    world.pass_time(5)
    before = snapshot(world)
    bad = world.push("bad", Behaviour(healthy=lambda machine, region: region != "nrt"))
    assert deploy(world, bad).kind == "rolled_back"
    assert snapshot(world) == before


def test_a_machine_cordoned_by_a_person_has_a_cordoned_successor(served: World) -> None:
    served.call("POST", f"/v1/apps/{APP}/machines/{served.in_region('fra')[0].id}/cordon")
    assert deploy(served, served.push("two")).kind == "done"
    assert {machine.region: machine.cordoned for machine in served.machines()} == {
        "iad": False,
        "fra": True,
        "nrt": False,
    }


def test_process_groups_without_a_service_are_replaced_too(world: World) -> None:
    world.groups = ("app", "worker")
    world.deploy(world.desired(world.push("one"), {"iad": 1, "fra": 1}))
    two = world.push("two")
    runs = len(world.flyctl.runs)
    outcome = deploy(world, two, {"iad": 1, "fra": 1})
    assert outcome.kind == "done", outcome.what
    assert Counter((machine.region, machine.group) for machine in world.machines()) == {
        (region, group): 1 for region in ("iad", "fra") for group in world.groups
    }
    assert {machine.digest for machine in world.machines()} == {two.digest}
    assert len(world.flyctl.runs) == runs + 1 and len(world.flyctl.runs[-1].only_machines) == 2


def test_volumes_are_refused_with_the_groups_name(served: World) -> None:
    with pytest.raises(UsageError, match="process group app has volumes") as refused:
        served.plan(served.desired(served.push("two"), THREE, policy=SURGE, mounted=("app",)))
    assert "in-place" in (refused.value.next or "")


def test_an_interrupt_takes_everything_back(served: World) -> None:
    before, watcher = snapshot(served), Watcher(served)

    def press(event: Any) -> None:
        if event.name == "step.finished" and event.fields["step"] == "cordon" and not served.stop.requested:
            served.stop.press()

    served.on_event = press
    outcome = deploy(served, served.push("two"))
    assert (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED), outcome.what
    assert snapshot(served) == before
    assert watcher.gaps == []


def test_what_was_destroyed_already_comes_back_under_another_id(served: World) -> None:
    old = {machine.region: machine for machine in served.machines()}
    watcher = Watcher(served)

    def press(event: Any) -> None:
        if event.name == "step.started" and event.fields["step"] == "destroy_machine" and not served.stop.requested:
            served.stop.press()

    served.on_event = press
    outcome = deploy(served, served.push("two"))
    assert outcome.kind == "interrupted", outcome.what
    now = {machine.region: machine for machine in served.machines()}
    assert counts(served) == THREE and watcher.gaps == []
    for region, machine in now.items():
        assert (machine.digest, machine.cordoned) == (old[region].digest, False)
        assert machine.config["env"] == old[region].config["env"]
    moved = {region for region in now if now[region].id != old[region].id}
    said = {event.fields["machine"] for event in served.events if event.fields.get("code") == "new_id"}
    assert moved and said == {now[region].id for region in moved}


def test_the_proxy_is_given_time_to_hear_of_it(served: World) -> None:
    served.edge = Edge(propagation=10.0)
    times: dict[tuple[str, str, str], float] = {}

    def note(event: Any) -> None:
        if event.name.startswith("step."):
            lane = event.fields["lane"].replace("/old-", "/")
            times[(event.name, lane, event.fields["step"])] = event.ts

    served.on_event = note
    assert deploy(served, served.push("two")).kind == "done"
    lanes = {lane for _, lane, _ in times}
    assert len(lanes) == 3
    for lane in lanes:
        opened = times[("step.finished", lane, "uncordon")]
        closed = times[("step.started", lane, "cordon")]
        assert closed - opened >= 10
        assert times[("step.started", lane, "stop_machine")] - times[("step.started", lane, "await_propagation")] >= 10


def test_where_a_cordoned_machine_cannot_be_asked_its_checks_decide_first(served: World) -> None:
    served.edge = Edge(propagation=10.0, reaches_cordoned=False)
    watcher = Watcher(served)
    assert deploy(served, served.push("two")).kind == "done"
    assert watcher.gaps == []


class Killed(BaseException):
    """What a kill -9 is to a test: nothing more happens."""


def _deploy_until(world: World, image: PlannedImage, number: int) -> bool:
    """Deploy and be killed at step `number`; False when there are not so many."""
    steps = 0

    def kill(event: Any) -> None:
        nonlocal steps
        steps += event.name in ("step.started", "step.finished")
        if steps == number:
            raise Killed

    world.on_event = kill
    try:
        deploy(world, image)
    except Killed:
        return True
    finally:
        world.on_event = None
    return False


@pytest.mark.parametrize("strategy", ["surge", "in-place"])
def test_the_next_deploy_clears_up_after_a_killed_one(world: World, strategy: str) -> None:
    kills = 0
    world.deploy(world.desired(world.push("v0")))
    for number in range(1, 100):
        killed = _deploy_until(world, world.push(f"v{number}"), number)
        world.pass_time(30)
        last = world.push(f"v{number}")
        outcome = deploy(world, last, strategy=strategy)
        assert outcome.kind in ("done", "nothing") or world.plan(world.desired(last)).empty, (number, outcome.what)
        assert counts(world) == THREE, number
        assert {(m.digest, m.state, m.cordoned) for m in world.machines()} == {(last.digest, "started", False)}, number
        if not killed:
            break
        kills += 1
    assert kills > 30


def test_what_a_killed_run_left_is_shown_and_not_taken_for_too_many(served: World) -> None:
    assert _deploy_until(served, served.push("two"), 4)
    served.pass_time(30)
    plan = served.plan(served.desired(served.push("three"), THREE))
    stray = [drift for drift in plan.drift if drift.kind == "stray"]
    assert [drift.region for drift in stray] == ["iad"] and stray[0].fixed
    assert not [drift for drift in plan.drift if drift.kind in ("surplus", "missing")]
    assert [(lane.action, lane.reasons) for lane in plan.waves[-1].lanes] == [("destroy", ("leftover",))]
