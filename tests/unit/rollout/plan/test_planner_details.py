"""What a plan says beside its waves, what it counts, and what it refuses."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Drift, PlannedImage
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.state.metadata import REPLACES
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import DATA, DEFINITION, NEW, SECRETS, goal, machine, plan

TWO = "sha256:two"
SURGE = RolloutPolicy(strategy="surge")


def with_image(desired: Desired, image: PlannedImage) -> Desired:
    return Desired(**(desired.__dict__ | {"image": image}))


def test_a_plan_says_what_it_was_made_for() -> None:
    fleet = Fleet("shop", True, (machine("a"), machine("b", "fra", digest=TWO)), SECRETS)
    desired = goal({("iad", "app"): 1, ("fra", "app"): 2, ("iad", "cron"): 0})
    made = plan_rollout(fleet, desired)
    assert (made.app, made.fingerprint, made.image) == ("shop", fleet.fingerprint(), NEW)
    assert (made.definition, made.secrets, made.groups) == (DEFINITION, SECRETS, ("app", "cron"))
    assert (made.regions, made.unchanged, made.notes) == (("iad", "fra"), 1, ())
    mixed = Drift("mixed_image", "", "app", "", "process group app runs 2 different images", fixed=True)
    missing = Drift("missing", "fra", "app", "", "fra has 1 of process group app, flyo.toml wants 2", fixed=True)
    assert made.drift == (mixed, missing)


def test_unchanged_machines_are_counted() -> None:
    machines = [machine(name, digest=TWO) for name in "abc"]
    assert plan(machines, goal({"iad": 3})).unchanged == 3
    assert plan(machines[:1], goal({"iad": 1})).unchanged == 1
    assert plan([], goal({"iad": 1})).unchanged == 0


def test_an_image_known_by_its_name_alone_is_compared_by_name() -> None:
    there = machine("a", digest=TWO)
    named = Machine(**(there.__dict__ | {"digest": None}))
    other = with_image(goal({"iad": 1}), PlannedImage("registry.fly.io/shop:two"))
    same = with_image(goal({"iad": 1}), PlannedImage("registry.fly.io/shop:x"))
    assert [lane.reasons for lane in plan([named], other).lanes] == [("image",)]
    assert [lane.reasons for lane in plan([named], same).lanes] == [("unverified",)]


def test_every_reason_is_named_once() -> None:
    (lane,) = plan([machine("a")], with_image(goal({"iad": 1}), PlannedImage())).lanes
    assert lane.reasons == ("unverified", "image")
    (lane,) = plan([machine("a")], goal({"iad": 1})).lanes
    assert lane.reasons == ("image", "unverified")


def test_a_standby_does_not_take_the_place_of_a_machine() -> None:
    standby = machine("s", digest=TWO, state="stopped", config={"standbys": ["a"]})
    made = plan([machine("a", digest=TWO), standby], goal({"iad": 2}))
    assert [lane.action for lane in made.lanes] == ["create"]


# --- surge


def test_a_surge_replaces_what_differs_and_retires_it_last() -> None:
    made = plan([machine("a"), machine("b", "fra", digest=TWO)], goal({"iad": 1, "fra": 1}, policy=SURGE))
    (replacement, retired) = made.lanes
    assert (replacement.action, replacement.replaces, replacement.reasons) == ("replace", "a", ("image", "unverified"))
    assert (retired.action, retired.machine, made.waves[-1].final) == ("destroy", "a", True)


def test_what_an_unfinished_surge_left_is_removed_and_counts_for_nothing() -> None:
    left = machine("new", cordoned=True)
    left = Machine(**(left.__dict__ | {"metadata": {**left.metadata, REPLACES: "old"}}))
    made = plan([machine("old", digest=TWO), left], goal({"iad": 1}))
    assert [(lane.machine, lane.action) for lane in made.lanes] == [("new", "destroy")]
    assert made.unchanged == 1


def test_a_surge_of_machines_with_volumes_is_refused() -> None:
    mounted = machine("a", config={"mounts": [{"volume": "vol_1", "path": "/data"}]})
    with pytest.raises(UsageError) as raised:
        plan([mounted], goal({"iad": 1}, policy=SURGE, volumes={"app": DATA}))
    assert (raised.value.code, raised.value.where) == ("plan.surge_unfit", "app shop")


# --- notes


def test_a_first_deploy_says_that_it_does_not_begin_with_the_canary() -> None:
    (note,) = plan([], goal({"iad": 1, "fra": 1}, policy=RolloutPolicy(canary="fra"))).notes
    assert "primary_region iad" in note and "canary region fra" in note


@pytest.mark.parametrize(
    ("machines", "desired"),
    [
        ([], goal({"iad": 1, "fra": 1})),
        ([], goal({"iad": 1, "fra": 1}, policy=RolloutPolicy(canary="iad"))),
        ([machine("a")], goal({"iad": 1, "fra": 1}, policy=RolloutPolicy(canary="fra"))),
        ([machine("a", digest=TWO)], goal({"iad": 1, "fra": 1}, policy=RolloutPolicy(canary="fra"))),
        (
            [machine("a", "fra")],
            goal({("fra", "app"): 1, ("iad", "worker"): 1}, policy=RolloutPolicy(canary="fra")),
        ),
    ],
)
def test_otherwise_there_is_nothing_to_say_about_it(machines: list[Machine], desired: Desired) -> None:
    assert plan(machines, desired).notes == ()


def test_an_image_that_is_still_to_be_built_is_mentioned_where_it_matters() -> None:
    unbuilt = with_image(goal({"iad": 1}), PlannedImage())
    for machines in ([], [machine("a")]):
        (note,) = plan(machines, unbuilt).notes
        assert note.startswith("the image is built first")
    assert plan([machine("a", digest=TWO)], goal({"iad": 1})).notes == ()


# --- refusals


@pytest.mark.parametrize(
    ("machines", "desired", "code", "words", "advice"),
    [
        ([], goal({"iad": 0, "fra": 0}), "plan.nothing_wanted", "no machine is wanted", "flyo.toml [regions]"),
        (
            [machine("a")],
            goal({"iad": 1}, volumes={"app": DATA}),
            "plan.volume_missing",
            "fly.toml mounts volume data into machines of process group app that do not have it, and there is none",
            "'flyctl volumes create data -a shop -r iad -n 1'; or make new machines: 'flyo scale app:iad=0'",
        ),
        (
            [
                machine("a", config={"mounts": [{"volume": "vol_1", "name": "old", "path": "/d"}]}),
                machine("s", state="stopped", config={"standbys": ["a"]}),
            ],
            goal({"iad": 1}, volumes={"app": DATA}),
            "plan.volume_missing",
            "volumes missing: iad 2",
            "'flyctl volumes create data -a shop -r iad -n 2'",
        ),
    ],
)
def test_a_refusal_says_where_what_and_what_to_do(
    machines: list[Machine], desired: Desired, code: str, words: str, advice: str
) -> None:
    with pytest.raises(UsageError) as raised:
        plan(machines, desired)
    error = raised.value
    assert (error.code, error.where) == (code, "app shop")
    assert words in error.what
    assert advice in error.next
