"""Plans that mount a volume into machines that have none or another one, and plans that mount none any more."""

from __future__ import annotations

from typing import Literal

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.changed_volumes import detached_volumes
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.plan.steps import CloneMachine, CreateMachine, TakeVolume
from flyctl_orchestrator.rollout.state.metadata import REPLACES
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import DATA, SECRETS, goal, machine

GOAL = goal({"iad": 1, "fra": 1}, volumes={"app": DATA})
BARE = [machine("a"), machine("b", "fra")]
MOUNTED = {"mounts": [{"volume": "vol_b", "name": "data", "path": "/d"}]}
OTHER = {"mounts": [{"volume": "vol_o", "name": "other", "path": "/d"}]}
REPLACING = ["uncordon", "await_propagation", "gate", "cordon"]


def free(id: str, region: str, name: str = "data") -> Volume:
    return Volume(id, name, region, 3)


def made(machines: list[Machine], volumes: list[Volume], desired: Desired = GOAL) -> Plan:
    return plan_rollout(Fleet("shop", True, tuple(machines), SECRETS, volumes=tuple(volumes)), desired)


def lane_for(plan: Plan, old: str) -> Lane:
    return next(lane for lane in plan.lanes if lane.replaces == old)


def taken(lane: Lane) -> list[str]:
    return [step.volume for step in lane.steps if isinstance(step, TakeVolume)]


def test_a_machine_without_one_is_replaced_by_one_that_has_it() -> None:
    plan = made(BARE, [free("v1", "iad"), free("v2", "fra"), free("v3", "fra")])
    first, second = lane_for(plan, "a"), lane_for(plan, "b")
    steps = ["take_volume", "clone_machine", "flyctl_configure", "wake", "gate", *REPLACING]
    assert [step.kind for step in first.steps] == steps
    assert [step.kind for step in second.steps] == ["take_volume", "create_machine", "gate", *REPLACING]
    assert (taken(first), taken(second)) == (["v1"], ["v2"])
    assert [lane.machine for lane in plan.waves[-1].lanes] == ["a", "b"] and plan.waves[-1].final
    assert "volumes that no machine has are used: v1 (data in iad for app), v2 (data in fra for app)" in plan.notes


def test_only_machines_without_one_are_replaced() -> None:
    machines = [machine("a"), machine("b", "fra", config=MOUNTED)]
    plan = made(machines, [free("v1", "iad")])
    assert [(lane.action, lane.machine or lane.replaces) for lane in plan.lanes] == [
        ("replace", "a"),
        ("update", "b"),
        ("destroy", "a"),
    ]


def test_a_new_machine_takes_none_that_one_which_is_there_needs() -> None:
    desired = goal({"iad": 3}, volumes={"app": DATA})
    plan = made([machine("a")], [free("v1", "iad"), free("v2", "iad")], desired)
    assert taken(lane_for(plan, "a")) == ["v1"]
    assert [taken(lane) for lane in plan.lanes if lane.action == "create"] == [["v2"], [""]]


@pytest.mark.parametrize(
    ("volumes", "missing", "make"),
    [
        ([], "fra 2, iad 1", "-r fra -n 2' and 'flyctl volumes create data -a shop -r iad -n 1'"),
        ([free("v1", "iad")], "fra 2", "'flyctl volumes create data -a shop -r fra -n 2'; or"),
        ([free("v1", "iad"), free("v2", "fra"), free("v3", "syd"), free("v4", "fra", "other")], "fra 1", "-r fra -n 1"),
    ],
)
def test_it_is_said_which_volumes_are_missing(volumes: list[Volume], missing: str, make: str) -> None:
    machines = [*BARE, machine("c", "fra")]
    with pytest.raises(UsageError) as refused:
        made(machines, volumes)
    assert refused.value.code == "plan.volume_missing"
    assert f"volumes missing: {missing}" in str(refused.value) and make in str(refused.value)


def test_a_volume_whose_host_is_in_trouble_is_none() -> None:
    with pytest.raises(UsageError, match="volumes missing: iad 1"):
        made(
            [machine("a")],
            [Volume("v1", "data", "iad", 3, host_status="unreachable")],
            goal({"iad": 1}, volumes={"app": DATA}),
        )


def test_the_volume_of_a_replacement_that_was_left_is_used_again() -> None:
    left = machine("r", cordoned=True, state="stopped", config=MOUNTED)
    left = Machine(**(left.__dict__ | {"metadata": {**left.metadata, REPLACES: "a"}}))
    plan = made([machine("a"), left], [], goal({"iad": 1}, volumes={"app": DATA}))
    lane = lane_for(plan, "a")
    assert [step.kind for step in lane.steps][:3] == ["destroy_machine", "take_volume", "clone_machine"]
    assert taken(lane) == ["vol_b"]
    assert [each.machine for each in plan.waves[-1].lanes] == ["a"]


@pytest.mark.parametrize("strategy", ["in-place", "surge"])
def test_a_machine_whose_volume_goes_is_replaced_by_one_without(strategy: Literal["in-place", "surge"]) -> None:
    machines = [machine("a", config=MOUNTED), machine("b", "fra", config=MOUNTED)]
    plan = made(machines, [], goal({"iad": 1, "fra": 1}, policy=RolloutPolicy(strategy=strategy)))
    first, second = lane_for(plan, "a"), lane_for(plan, "b")
    assert [step.kind for step in first.steps] == ["clone_machine", "flyctl_configure", "wake", "gate", *REPLACING]
    assert first.steps[0] == CloneMachine("a", bare=True)
    assert second.steps[0] == CreateMachine("fra", "app", "b", bare=True)
    assert [lane.machine for lane in plan.waves[-1].lanes] == ["a", "b"] and plan.waves[-1].final
    assert "no_volume" in first.reasons


@pytest.mark.parametrize("name", ["", None])
def test_a_volume_whose_name_is_not_known_is_kept(name: str | None) -> None:
    config = {"mounts": [{"volume": "v", "path": "/d"} | ({} if name is None else {"name": name})]}
    plan = made([machine("a", config=config)], [], goal({"iad": 1}, volumes={"app": DATA}))
    assert [lane.action for lane in plan.lanes] == ["update"]


def test_a_machine_with_a_volume_of_another_name_is_replaced_by_one_with_the_right_one() -> None:
    machines = [machine("a", config=OTHER), machine("b", "fra", config=MOUNTED)]
    plan = made(machines, [free("v1", "iad"), free("v2", "iad", "other")])
    lane = lane_for(plan, "a")
    steps = ["take_volume", "clone_machine", "flyctl_configure", "wake", "gate", *REPLACING]
    assert [step.kind for step in lane.steps] == steps
    assert taken(lane) == ["v1"] and "other_volume" in lane.reasons
    assert [each.machine for each in plan.waves[-1].lanes] == ["a"]


def test_what_was_left_with_another_volume_gives_none() -> None:
    left = machine("r", cordoned=True, state="stopped", config=OTHER)
    left = Machine(**(left.__dict__ | {"metadata": {**left.metadata, REPLACES: "a"}}))
    with pytest.raises(UsageError, match="volumes missing: iad 1"):
        made([machine("a"), left], [], goal({"iad": 1}, volumes={"app": DATA}))
    plan = made([machine("a"), left], [free("v1", "iad")], goal({"iad": 1}, volumes={"app": DATA}))
    assert taken(lane_for(plan, "a")) == ["v1"]
    assert [each.machine for each in plan.waves[-1].lanes] == ["a", "r"]


def test_machines_are_named_with_the_volumes_they_lose() -> None:
    machines = [machine("a", config=MOUNTED), machine("b", "fra")]
    fleet = Fleet("shop", True, tuple(machines), SECRETS, volumes=(Volume("vol_b", "data", "iad", 3), free("v", "fra")))
    plan = plan_rollout(fleet, goal({"iad": 1, "fra": 1}))
    assert [each.what for each in detached_volumes(plan, fleet)] == ["iad a (volume vol_b (data, 3 GB, iad))"]
    assert "volumes that are kept: vol_b (data, 3 GB, iad)" in plan.notes


def test_so_are_those_that_get_another_one_and_no_others() -> None:
    machines = [machine("a", config=OTHER), machine("b", "fra"), machine("c", "fra", config=MOUNTED)]
    volumes = (Volume("vol_o", "other", "iad", 3), free("v1", "iad"), free("v2", "fra"))
    fleet = Fleet("shop", True, tuple(machines), SECRETS, volumes=volumes)
    plan = plan_rollout(fleet, goal({"iad": 1, "fra": 2}, volumes={"app": DATA}))
    assert [each.what for each in detached_volumes(plan, fleet)] == ["iad a (volume vol_o (other, 3 GB, iad))"]
