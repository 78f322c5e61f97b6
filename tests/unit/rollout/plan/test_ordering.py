"""Who goes first, who goes together, and what flyctl is asked for."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.ordering import canary_of, in_order
from flyctl_orchestrator.rollout.plan.plan import FlyctlRun
from flyctl_orchestrator.rollout.plan.steps import (
    CloneMachine,
    CreateMachine,
    FlyctlConfigure,
    FlyctlCreate,
    FlyctlUpdate,
    Gate,
    SetPrimaryRegion,
    UpdateMachine,
    Wake,
)
from tests.unit.rollout.plan.goals import DATA, goal, machine, plan, shape

ONE, TWO = "sha256:one", "sha256:two"
WORKERS = {("iad", "worker"): 1, ("fra", "worker"): 1, ("nrt", "worker"): 1, ("syd", "worker"): 1}
APPS = {("iad", "app"): 1, ("fra", "app"): 1, ("nrt", "app"): 1}


def fleet(*regions: str, group: str = "app", digest: str = ONE) -> list[Machine]:
    return [machine(f"{group}-{region}", region, group=group, digest=digest) for region in regions]


def runs(machines: list[Machine], desired: Desired) -> list[FlyctlRun | None]:
    return [wave.flyctl for wave in plan(machines, desired).waves]


def test_regions_are_in_the_files_order_and_unknown_ones_last_by_name() -> None:
    assert in_order(["syd", "nrt", "iad", "ams", "iad"], ("nrt", "iad")) == ["nrt", "iad", "ams", "syd"]


def test_a_region_that_only_gets_new_machines_is_no_canary() -> None:
    desired = goal({"iad": 1, "fra": 1, "syd": 1}, policy=RolloutPolicy(canary="iad"))
    machines = [*fleet("fra"), *fleet("syd", digest=TWO)]
    assert shape(plan(machines, desired)) == [["fra:update_machine"], ["iad:create_machine"]]


def test_where_nothing_is_changed_the_first_region_that_gets_a_machine_is_the_canary() -> None:
    made = plan(fleet("iad", digest=TWO), goal({"iad": 1, "fra": 1, "nrt": 1, "syd": 1}))
    assert shape(made) == [["fra:create_machine"], ["nrt:create_machine", "syd:create_machine"]]


def test_of_nothing_there_is_no_canary() -> None:
    assert canary_of([], goal({"iad": 1})) is None


def test_waves_are_named_and_have_the_policys_limits() -> None:
    policy = RolloutPolicy(width=1, max_unavailable=2, bake=7.0, watch=23.0)
    waves = plan(fleet("iad", "fra", "nrt"), goal({"iad": 1, "fra": 1, "nrt": 1}, policy=policy)).waves
    assert [wave.name for wave in waves] == ["canary", "wave 2", "wave 3"]
    assert {(wave.limit, wave.bake, wave.watch, wave.final) for wave in waves} == {(2, 7.0, 23.0, False)}
    (only,) = plan(fleet("iad"), goal({"iad": 1}, policy=RolloutPolicy(max_unavailable=1))).waves
    assert (only.limit, only.bake) == (1, RolloutPolicy().bake)


def test_new_machines_of_a_group_go_with_the_other_machines_of_their_region() -> None:
    made = plan(fleet("iad", "fra", "nrt"), goal(APPS | WORKERS, policy=RolloutPolicy(width=1)))
    assert shape(made) == [
        ["iad:flyctl_update"],
        ["iad:flyctl_create"],
        ["fra:update_machine", "fra:create_machine"],
        ["nrt:update_machine", "nrt:create_machine"],
        ["syd:create_machine"],
    ]


def test_new_machines_of_a_group_go_all_at_once_when_regions_do() -> None:
    made = plan(fleet("iad", "fra", "nrt"), goal(APPS | WORKERS))
    assert shape(made) == [
        ["iad:flyctl_update"],
        ["iad:flyctl_create"],
        ["fra:update_machine", "fra:create_machine", "nrt:update_machine", "nrt:create_machine", "syd:create_machine"],
    ]


def test_a_new_group_beside_one_that_is_as_wanted_comes_first() -> None:
    made = plan(fleet("iad", digest=TWO), goal({("iad", "app"): 1, ("iad", "worker"): 2, ("fra", "worker"): 1}))
    assert shape(made) == [["iad:flyctl_create", "iad:create_machine"], ["fra:create_machine"]]


def test_lanes_that_wait_for_their_configuration_follow_the_width_too() -> None:
    counts = {("iad", "app"): 1, ("iad", "worker"): 1, ("fra", "worker"): 1, ("nrt", "worker"): 1, ("syd", "worker"): 1}
    policy = RolloutPolicy(canary="iad", width=1)
    machines = [*fleet("iad"), *fleet("syd", group="worker")]
    assert shape(plan(machines, goal(counts, policy=policy))) == [
        ["iad:flyctl_update"],
        ["syd:flyctl_update"],
        ["iad:create_machine"],
        ["fra:create_machine"],
        ["nrt:create_machine"],
    ]


# --- what flyctl is asked for


def test_a_first_deploy_lets_flyctl_make_the_first_machine_of_every_group() -> None:
    machines: list[Machine] = []
    desired = goal({("iad", "app"): 1, ("iad", "worker"): 1, ("fra", "app"): 1})
    # Without a filter flyctl would destroy the machines of process groups that fly.toml does not have.
    assert runs(machines, desired) == [
        FlyctlRun(regions=(), groups=("app", "worker"), create=True, primary="iad"),
        None,
    ]
    first = next(iter(plan(machines, desired).lanes))
    assert first.steps == (FlyctlCreate("iad", "app"), Gate())


def test_a_new_group_beside_others_is_the_only_one_flyctl_makes() -> None:
    desired = goal({("iad", "app"): 1, ("iad", "worker"): 1})
    updated = FlyctlRun(("iad",), machines=("app-iad",))
    created = FlyctlRun(regions=(), groups=("worker",), create=True, release_command=False, primary="iad")
    assert runs(fleet("iad"), desired) == [updated, created]


def test_an_update_is_limited_to_the_first_machine_of_each_group() -> None:
    machines = [*fleet("iad", "fra"), *fleet("iad", group="worker"), machine("second")]
    desired = goal({("iad", "app"): 2, ("iad", "worker"): 1, ("fra", "app"): 1})
    assert runs(machines, desired) == [FlyctlRun(("iad",), machines=("app-iad", "worker-iad")), None]
    steps = {lane.machine: lane.steps for lane in plan(machines, desired).lanes}
    assert steps["app-iad"] == (FlyctlUpdate("app-iad"), Gate())
    assert steps["second"] == (UpdateMachine("second"), Gate())


def test_flyctl_runs_in_each_region_where_a_group_gets_its_configuration() -> None:
    machines = [*fleet("iad"), *fleet("fra", group="worker"), *fleet("nrt", group="cron")]
    desired = goal({("iad", "app"): 1, ("fra", "worker"): 1, ("nrt", "cron"): 1})
    second = FlyctlRun(("fra", "nrt"), machines=("worker-fra", "cron-nrt"), release_command=False)
    assert runs(machines, desired) == [FlyctlRun(("iad",), machines=("app-iad",)), second]


def test_lanes_of_flyctl_are_shown_first() -> None:
    machines = [machine("asleep", state="stopped"), machine("awake")]
    (wave,) = plan(machines, goal({"iad": 2})).waves
    assert [lane.machine for lane in wave.lanes] == ["awake", "asleep"]


@pytest.mark.parametrize("sleep", ["stopped", "suspended"])
def test_a_group_of_sleepers_gets_its_configuration_all_the_same(sleep: str) -> None:
    assert runs([machine("a", state=sleep)], goal({"iad": 1})) == [FlyctlRun(("iad",), machines=("a",))]


def test_a_surge_lets_flyctl_work_on_a_clone() -> None:
    policy = RolloutPolicy(strategy="surge")
    made = plan(fleet("iad", "fra"), goal({"iad": 1, "fra": 1}, policy=policy))
    assert [wave.flyctl for wave in made.waves] == [FlyctlRun(("iad",), clones=True), None, None]
    first, second, *_ = made.lanes
    assert first.steps[:4] == (CloneMachine("app-iad"), FlyctlConfigure(), Wake(), Gate(hidden=True, verifies=False))
    assert second.steps[:2] == (CreateMachine("fra", "app", replaces="app-fra"), Gate(hidden=True, verifies=False))


def test_a_first_machine_is_made_where_it_is_wanted() -> None:
    desired = goal({("iad", "app"): 1, ("fra", "app"): 1, ("fra", "worker"): 1, ("nrt", "worker"): 1})
    made = plan([], desired)
    assert shape(made) == [
        ["iad:flyctl_create"],
        ["fra:flyctl_create"],
        ["fra:create_machine", "nrt:create_machine"],
    ]
    assert [(run.groups, run.primary) for wave in made.waves if (run := wave.flyctl)] == [
        (("app",), "iad"),
        (("worker",), "fra"),
    ]
    (steps,) = (lane.steps for lane in made.lanes if lane.group == "worker" and lane.region == "fra")
    assert SetPrimaryRegion("iad") in steps


def test_without_a_primary_region_the_canary_or_the_first_region_has_the_first_machine() -> None:
    counts = {"iad": 0, "fra": 1, "nrt": 1}
    assert shape(plan([], goal(counts, primary_region=None))) == [["fra:flyctl_create"], ["nrt:create_machine"]]
    canary = goal(counts, primary_region=None, policy=RolloutPolicy(canary="nrt"))
    assert shape(plan([], canary)) == [["nrt:flyctl_create"], ["fra:create_machine"]]


def test_flyctl_is_not_asked_for_the_volumes_of_other_groups() -> None:
    mounted = {"mounts": [{"volume": "vol_1", "name": "data", "path": "/data"}]}
    machines = [machine("a", config=mounted), machine("w", "fra", group="worker")]
    desired = goal({("iad", "app"): 1, ("fra", "worker"): 1}, volumes={"app": DATA})
    assert [(run.groups, run.machines) for run in runs(machines, desired) if run] == [
        (("app",), ("a",)),
        (("worker",), ("w",)),
    ]
