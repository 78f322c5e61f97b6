"""The planner by tables and by invariants: from a fleet and a goal to waves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.file import plan_as_dict, plan_of_dict
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.plan.steps import CreateMachine, FlyctlCreate, FlyctlUpdate
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import DATA, NEW, SECRETS, goal, machine, plan, shape

THREE = {"iad": 1, "fra": 1, "nrt": 1}
CASES: list[tuple[str, list[Machine], Desired, list[list[str]]]] = [
    ("first deploy", [], goal(THREE), [["iad:flyctl_create"], ["fra:create_machine", "nrt:create_machine"]]),
    (
        "first deploy, two in the primary region",
        [],
        goal({"iad": 2, "fra": 1}),
        [["iad:flyctl_create", "iad:create_machine"], ["fra:create_machine"]],
    ),
    (
        "first deploy ignores the canary",
        [],
        goal(THREE, policy=RolloutPolicy(canary="nrt")),
        [["iad:flyctl_create"], ["fra:create_machine", "nrt:create_machine"]],
    ),
    (
        "new image",
        [machine("a"), machine("b", "fra"), machine("c", "nrt")],
        goal(THREE),
        [["iad:flyctl_update"], ["fra:update_machine", "nrt:update_machine"]],
    ),
    (
        "canary elsewhere, one region at a time",
        [machine("a"), machine("b", "fra"), machine("c", "nrt")],
        goal(THREE, policy=RolloutPolicy(canary="nrt", width=1)),
        [["nrt:flyctl_update"], ["iad:update_machine"], ["fra:update_machine"]],
    ),
    ("nothing to do", [machine("a", digest="sha256:two")], goal({"iad": 1}), []),
    (
        "only what is missing, made like what is there",
        [machine("a", digest="sha256:two")],
        goal({"iad": 1, "fra": 1}),
        [["fra:create_machine"]],
    ),
    (
        "half done: the rest copies from the half that is",
        [machine("a", digest="sha256:two"), machine("b", "fra")],
        goal({"iad": 1, "fra": 1}),
        [["fra:update_machine"]],
    ),
    (
        "a region nobody wants any more is still not left on the old release",
        [machine("a"), machine("b", "syd")],
        goal({"iad": 1}),
        [["iad:flyctl_update"], ["syd:update_machine"]],
    ),
    (
        "a group that lives only in a later region gets flyctl there",
        [machine("a"), machine("w", "fra", group="worker")],
        goal({("iad", "app"): 1, ("iad", "worker"): 0, ("fra", "app"): 0, ("fra", "worker"): 1}),
        [["iad:flyctl_update"], ["fra:flyctl_update"]],
    ),
    (
        "a machine waits for the wave that makes its configuration",
        [machine("a"), machine("w", "fra", group="worker")],
        goal({("iad", "app"): 1, ("iad", "worker"): 1, ("fra", "app"): 0, ("fra", "worker"): 1}),
        [["iad:flyctl_update"], ["fra:flyctl_update"], ["iad:create_machine"]],
    ),
    (
        "a new group comes after the canary, in the primary region",
        [machine("a"), machine("b", "fra")],
        goal(
            {("iad", "app"): 1, ("iad", "worker"): 1, ("fra", "app"): 1, ("fra", "worker"): 1},
            policy=RolloutPolicy(canary="fra"),
        ),
        [["fra:flyctl_update"], ["iad:flyctl_create"], ["iad:update_machine", "fra:create_machine"]],
    ),
    (
        "surplus stays",
        [machine("a", digest="sha256:two"), machine("b", digest="sha256:two")],
        goal({"iad": 1}),
        [],
    ),
]


@pytest.mark.parametrize(("machines", "desired", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_waves(machines: list[Machine], desired: Desired, expected: list[list[str]]) -> None:
    assert shape(plan(machines, desired)) == expected


def test_sleepers_are_woken_and_put_back() -> None:
    made = plan([machine("a"), machine("b", "fra", state="suspended")], goal({"iad": 1, "fra": 1}))
    sleeper = next(lane for lane in made.lanes if lane.region == "fra")
    assert [step.kind for step in sleeper.steps] == ["update_machine", "wake", "gate", "put_to_sleep"]
    assert sleeper.weight == 0


def test_flyctl_takes_a_machine_that_runs_before_one_that_sleeps() -> None:
    made = plan([machine("a", state="stopped"), machine("b")], goal({"iad": 2}))
    assert made.waves[0].flyctl is not None and made.waves[0].flyctl.machines == ("b",)


def test_a_standby_is_not_counted_and_not_woken() -> None:
    standby = machine("s", state="stopped", config={"standbys": ["a"]})
    made = plan([machine("a"), standby], goal({"iad": 1}))
    lane = next(lane for lane in made.lanes if lane.machine == "s")
    assert [step.kind for step in lane.steps] == ["update_machine", "gate"]
    assert not made.drift


def test_the_release_command_runs_once() -> None:
    made = plan([machine("a"), machine("w", "fra", group="worker")], CASES[9][2])
    assert [wave.flyctl and wave.flyctl.release_command for wave in made.waves] == [True, False]


@pytest.mark.parametrize(
    ("machines", "desired", "code"),
    [
        ([], goal({"iad": 0}), "plan.nothing_wanted"),
        ([], goal({"iad": 1}, volumes={"app": DATA}, policy=RolloutPolicy(strategy="surge")), "plan.surge_unfit"),
        ([machine("a")], goal({"iad": 1, "fra": 1}, volumes={"app": DATA}), "plan.volume_missing"),
    ],
)
def test_what_cannot_be_reached_is_said_before_anything_happens(
    machines: list[Machine], desired: Desired, code: str
) -> None:
    with pytest.raises(UsageError) as raised:
        plan(machines, desired)
    assert raised.value.code == code


def test_a_plan_without_an_image_counts_every_machine_as_changed() -> None:
    desired = goal({"iad": 1})
    open_ended = Desired(**(desired.__dict__ | {"image": PlannedImage()}))
    made = plan([machine("a", digest="sha256:two")], open_ended)
    assert [lane.reasons for lane in made.lanes] == [("image",)]


REGIONS = ["iad", "fra", "nrt", "syd"]
GROUPS = ["app", "worker"]
machines_strategy = st.lists(
    st.tuples(
        st.sampled_from(REGIONS),
        st.sampled_from([*GROUPS, "gone"]),
        st.sampled_from(["sha256:one", "sha256:two"]),
        st.sampled_from(["started", "stopped", "suspended", "failed"]),
    ),
    max_size=12,
)
goals_strategy = st.builds(
    lambda counts, canary, width, limit, primary: goal(
        {(region, group): count for (region, group), count in counts.items()} | {("iad", g): 1 for g in GROUPS},
        policy=RolloutPolicy(canary=canary, width=width, max_unavailable=limit),
        primary_region=primary,
    ),
    st.dictionaries(st.tuples(st.sampled_from(REGIONS), st.sampled_from(GROUPS)), st.integers(0, 3)),
    st.sampled_from([None, *REGIONS]),
    st.integers(0, 3),
    st.integers(1, 3),
    st.sampled_from([None, *REGIONS]),
)


@given(machines_strategy, goals_strategy)
def test_every_plan_keeps_its_promises(drawn: list[tuple[str, str, str, str]], desired: Desired) -> None:
    machines = [
        machine(f"m{number}", region, group=group, digest=digest, state=state)
        for number, (region, group, digest, state) in enumerate(drawn)
    ]
    made = plan(machines, desired)
    lanes = list(made.lanes)
    assert len({lane.name for lane in lanes}) == len(lanes)
    # Every machine of a known group that is not as wanted is changed, those of others go last.
    touched = {lane.machine for lane in lanes if lane.machine is not None and lane.action != "destroy"}
    assert touched == {each.id for each in machines if each.group != "gone" and each.digest != NEW.digest}
    assert {lane.action for lane in lanes} <= {"update", "create", "destroy"}
    gone = {each.id for each in machines if each.group == "gone"}
    assert gone == {lane.machine for lane in lanes if lane.action == "destroy"}
    assert not gone or gone == {lane.machine for lane in made.waves[-1].lanes}
    # The counts come out.
    for (region, group), count in desired.counts.items():
        there = [m for m in machines if (m.region, m.group) == (region, group)]
        created = [lane for lane in lanes if lane.action == "create" and (lane.region, lane.group) == (region, group)]
        assert len(there) + len(created) == max(count, len(there))
    # Nobody copies a configuration before the wave that makes it; flyctl makes each group's once at most.
    known = {each.group for each in machines if each.digest == NEW.digest}
    for wave in made.waves:
        by_flyctl = [lane.group for lane in wave.lanes if isinstance(lane.steps[0], FlyctlUpdate | FlyctlCreate)]
        assert len(set(by_flyctl)) == len(by_flyctl) and not known & set(by_flyctl)
        assert bool(by_flyctl) == (wave.flyctl is not None)
        known |= set(by_flyctl)
        assert all(lane.group in known for lane in wave.lanes if lane.group != "gone")
    assert sum(1 for wave in made.waves if wave.flyctl and wave.flyctl.release_command) <= 1
    # flyctl is told where to create.
    for wave in made.waves:
        places = {lane.region for lane in wave.lanes if isinstance(lane.steps[0], FlyctlCreate)}
        if wave.flyctl and wave.flyctl.create:
            assert places == {wave.flyctl.primary}
        else:
            assert not places
    # It survives being written down, and planning is a function.
    assert plan_of_dict(plan_as_dict(made)) == made
    assert plan(machines, desired) == made


@given(machines_strategy, st.integers(1, 4))
def test_after_the_canary_no_wave_is_wider_than_allowed(drawn: list[tuple[str, str, str, str]], width: int) -> None:
    machines = [machine(f"m{n}", region, digest=digest) for n, (region, _, digest, _) in enumerate(drawn)]
    made = plan(machines, goal({"iad": 1}, policy=RolloutPolicy(width=width)))
    for number, wave in enumerate(made.waves):
        assert len(wave.regions) <= (1 if number == 0 else width)


@pytest.mark.parametrize("data", [None, [], {}, {"schema": "flyo.plan/1"}, {"schema": "flyo.plan/2"}, "plan"])
def test_a_damaged_plan_is_refused_in_one_line(data: Any) -> None:
    with pytest.raises(UsageError) as raised:
        plan_of_dict(data, where="plan.json")
    assert raised.value.code == "plan.bad_file" and str(raised.value).startswith("plan.json: ")


def test_a_lane_without_steps_is_damage() -> None:
    data = plan_as_dict(plan([machine("a")], goal({"iad": 1})))
    data["waves"][0]["lanes"][0]["steps"] = []
    with pytest.raises(UsageError) as raised:
        plan_of_dict(data, where="plan.json")
    assert raised.value.code == "plan.bad_file" and "lane iad/app/a has no steps" in str(raised.value)


def test_the_fingerprint_moves_with_what_matters_and_not_with_sleep() -> None:
    fleet = Fleet("shop", True, (machine("a"),), SECRETS)
    asleep = Fleet("shop", True, (machine("a", state="suspended"),), SECRETS)
    cordoned = Fleet("shop", True, (machine("a", cordoned=True),), SECRETS)
    other_secrets = Fleet("shop", True, (machine("a"),), "other")
    prints = [each.fingerprint() for each in (fleet, asleep, cordoned, other_secrets)]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_steps_name_what_they_are() -> None:
    assert CreateMachine("iad", "app").kind == "create_machine"
