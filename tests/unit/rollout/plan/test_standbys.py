"""Plans for standby machines: what they name is replaced, or they are themselves."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.state.metadata import REPLACES
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import DATA, NEW, SECRETS, goal, machine

WANTED = NEW.digest or ""
MOUNTED = {"mounts": [{"volume": "v", "name": "data", "path": "/d"}]}
GOAL = goal({"iad": 1}, volumes={"app": DATA})
SURGE = RolloutPolicy(strategy="surge")


def standby(id: str = "s", of: str = "a", **more: Any) -> Machine:
    fields: dict[str, Any] = {"state": "stopped"} | more
    config = {"standbys": [of], **fields.pop("config", {})}
    return machine(id, config=config, **fields)


def in_place_of(old: str, new: Machine) -> Machine:
    return Machine(**(new.__dict__ | {"metadata": {**new.metadata, REPLACES: old}}))


def made(machines: list[Machine], desired: Desired = GOAL, free: int = 0) -> Plan:
    volumes = tuple(Volume(f"v{number}", "data", "iad", 3) for number in range(free))
    return plan_rollout(Fleet("shop", True, tuple(machines), SECRETS, volumes=volumes), desired)


def waves(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(wave.name, [lane.machine or lane.replaces or "new" for lane in wave.lanes]) for wave in plan.waves]


def of(plan: Plan, id: str) -> Lane:
    return next(lane for lane in plan.lanes if id in (lane.machine, lane.replaces) and lane.action != "destroy")


def kinds(lane: Lane) -> list[str]:
    return [step.kind for step in lane.steps]


def test_a_standby_is_replaced_after_what_it_names_and_never_woken() -> None:
    plan = made([standby(), machine("a")], free=2)
    assert waves(plan) == [("canary", ["a"]), ("standbys", ["s"]), ("retire", ["s", "a"])]
    steps = ["take_volume", "create_machine", "set_standbys", "gate", "uncordon", "cordon"]
    assert kinds(of(plan, "s")) == steps
    assert plan.waves[0].flyctl is not None and plan.waves[1].flyctl is None
    assert plan.waves[1].bake == 0.0


def test_one_that_a_person_has_cordoned_stays_cordoned() -> None:
    plan = made([standby(cordoned=True), machine("a")], free=2)
    assert kinds(of(plan, "s"))[-2:] == ["set_standbys", "gate"]


def test_one_that_has_its_volume_only_gets_the_name() -> None:
    plan = made([standby(digest=WANTED, config=MOUNTED), machine("a")], free=1)
    lane = of(plan, "s")
    assert (kinds(lane), lane.action, lane.reasons) == (["set_standbys", "gate"], "update", ("standby",))
    assert waves(plan) == [("canary", ["a"]), ("standbys", ["s"]), ("retire", ["a"])]
    assert plan.unchanged == 0


def test_one_that_is_changed_anyway_gets_the_name_with_it() -> None:
    plan = made([standby(config=MOUNTED), machine("a")], free=1)
    assert kinds(of(plan, "s")) == ["update_machine", "set_standbys", "gate"]


def test_where_nothing_is_replaced_a_standby_goes_with_the_others() -> None:
    plan = made([standby(), machine("a")], goal({"iad": 1}))
    assert waves(plan) == [("canary", ["a", "s"])]
    assert [lane.by_flyctl for lane in plan.lanes] == [True, False]


def test_in_a_surge_it_is_changed_where_it_is() -> None:
    plan = made([standby(), machine("a")], goal({"iad": 1}, policy=SURGE))
    assert waves(plan) == [("canary", ["a"]), ("standbys", ["s"]), ("retire", ["a"])]
    assert kinds(of(plan, "s")) == ["update_machine", "set_standbys", "gate"]


def test_a_machine_that_an_unfinished_rollout_retires_is_named_no_more() -> None:
    mounted: dict[str, Any] = {"digest": WANTED, "config": MOUNTED}
    machines = [machine("a", cordoned=True), in_place_of("a", machine("b", **mounted)), standby(**mounted)]
    plan = made(machines)
    assert waves(plan) == [("standbys", ["s"]), ("retire", ["a"])]
    assert plan.unchanged == 1


def test_nor_is_one_that_was_retired_without_it() -> None:
    mounted: dict[str, Any] = {"digest": WANTED, "config": MOUNTED}
    plan = made([in_place_of("a", machine("b", **mounted)), standby(**mounted)])
    assert waves(plan) == [("standbys", ["s"])]


def test_one_that_names_what_is_there_or_what_nobody_replaces_is_left_alone() -> None:
    mounted: dict[str, Any] = {"digest": WANTED, "config": MOUNTED}
    left = in_place_of("a", machine("b", cordoned=True, **mounted))
    for named in ("a", "gone"):
        plan = made([machine("a", **mounted), left, standby(of=named, **mounted)])
        assert waves(plan) == [("retire", ["b"])]


def test_the_replacement_that_was_left_of_a_standby_gives_its_volume_again() -> None:
    left = in_place_of("s", standby("r", cordoned=True, config=MOUNTED))
    machines = [machine("a", digest=WANTED, config=MOUNTED), standby(digest=WANTED), left]
    plan = made(machines)
    assert kinds(of(plan, "s"))[:3] == ["destroy_machine", "take_volume", "create_machine"]
    assert waves(plan) == [("standbys", ["s"]), ("retire", ["s"])]


def test_flyctl_configures_the_clone_of_a_standby_that_is_the_only_one_and_it_is_not_woken() -> None:
    plan = made([standby()], free=2)
    assert kinds(of(plan, "s")) == ["take_volume", "clone_machine", "flyctl_configure", "gate", "uncordon", "cordon"]
    assert waves(plan) == [("standbys", ["s"]), ("wave 2", ["new"]), ("retire", ["s"])]


def test_one_of_another_process_group_gets_flyctls_configuration_and_then_the_name() -> None:
    desired = goal({("iad", "app"): 1, ("iad", "cron"): 0}, volumes={"app": DATA})
    plan = made([machine("a"), standby(group="cron")], desired, free=1)
    assert kinds(of(plan, "s")) == ["flyctl_update", "set_standbys", "gate"]
    assert plan.waves[1].name == "standbys" and plan.waves[1].flyctl is not None
    assert plan.waves[1].flyctl.machines == ("s",) and not plan.waves[1].flyctl.release_command


def test_one_that_runs_is_replaced_by_one_that_runs() -> None:
    plan = made([standby(state="started"), machine("a")], free=2)
    assert [step.kind for step in of(plan, "s").steps if step.kind == "gate"] == ["gate", "gate"]
    assert kinds(of(plan, "s"))[:3] == ["take_volume", "create_machine", "set_standbys"]
