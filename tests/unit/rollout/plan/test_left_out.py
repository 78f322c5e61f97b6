"""Plans that leave regions and machines as they are."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.file import plan_as_dict, plan_of_dict
from flyctl_orchestrator.rollout.plan.left_out import left_out_words, names_of
from flyctl_orchestrator.rollout.plan.plan import LeftOut
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import SECRETS, goal, machine, plan, shape

THREE = {"iad": 1, "fra": 1, "nrt": 1}


def but(*names: str, counts: dict[Any, int] | None = None, **more: Any) -> Desired:
    """A goal that leaves these out."""
    return goal(counts or THREE, policy=RolloutPolicy(**more), without=names)


def fleet(*machines: Machine) -> Fleet:
    return Fleet("shop", True, machines, SECRETS)


ALL = [machine("a"), machine("b", "fra"), machine("c", "nrt")]


def test_a_region_is_left_as_it_is() -> None:
    made = plan(ALL, but("fra"))
    assert shape(made) == [["iad:flyctl_update"], ["nrt:update_machine"]]
    assert made.left_out == (LeftOut("fra"), LeftOut("fra", "app", "b"))
    assert "left out, and left as it is: fra (b)" in made.notes


def test_the_canary_may_be_left_out() -> None:
    assert shape(plan(ALL, but("iad", canary="iad"))) == [["fra:flyctl_update"], ["nrt:update_machine"]]


def test_a_machine_that_is_left_out_counts_as_one_that_is_there() -> None:
    machines = [machine("a"), machine("b"), machine("c", "fra")]
    made = plan(machines, but("b", counts={"iad": 2, "fra": 1}))
    assert shape(made) == [["iad:flyctl_update"], ["fra:update_machine"]]
    assert [lane.machine for lane in made.lanes] == ["a", "c"]
    made = plan(machines, but("b", counts={"iad": 3, "fra": 1}))
    assert [(lane.action, lane.machine) for lane in made.lanes] == [("update", "a"), ("create", None), ("update", "c")]


def test_nothing_is_made_in_a_region_that_is_left_out() -> None:
    made = plan([machine("a")], but("fra", "nrt"))
    assert shape(made) == [["iad:flyctl_update"]]
    assert made.left_out == (LeftOut("fra"), LeftOut("nrt"))
    assert "left out, and left as it is: fra, nrt" in made.notes


def test_what_is_left_out_gives_no_machine_its_configuration() -> None:
    # The only machine that is as wanted cannot be asked for it: flyctl has to make it once more.
    done = machine("a", digest="sha256:two")
    assert shape(plan([done, machine("b", "fra")], but("iad", counts={"iad": 1, "fra": 1}))) == [["fra:flyctl_update"]]


def test_everything_else_may_be_done_already() -> None:
    made = plan([machine("a", digest="sha256:two"), machine("b", "fra")], but("fra", counts={"iad": 1, "fra": 1}))
    assert made.empty
    assert (made.unchanged, left_out_words(made.left_out)) == (1, "fra (b)")


@pytest.mark.parametrize(
    ("names", "counts", "said"),
    [
        (("fra",), {"iad": 2, "fra": 5}, []),
        (("a",), {"iad": 2, "fra": 1}, []),
        (("a",), {"iad": 1, "fra": 1}, ["iad has 2 of process group app, flyo.toml wants 1"]),
        (("a", "a2"), {"iad": 3, "fra": 1}, ["iad has 2 of process group app, flyo.toml wants 3"]),
    ],
)
def test_a_count_is_compared_with_all_machines_of_a_place(
    names: tuple[str, ...], counts: dict[Any, int], said: list[str]
) -> None:
    machines = [machine("a"), machine("a2"), machine("b", "fra")]
    drift = plan(machines, but(*names, counts=counts)).drift
    about = [each.what.split(";")[0] for each in drift if each.kind in ("surplus", "missing")]
    assert about == said


def test_a_machine_that_belongs_to_nobody_is_no_reason_to_plan_nothing() -> None:
    machines = [machine("a"), machine("a2")]
    made = plan(machines, but("a", counts={"iad": 1}))
    assert [lane.machine for lane in made.lanes] == ["a2"]


def test_the_fingerprint_is_of_the_whole_fleet() -> None:
    assert plan(ALL, but("fra")).fingerprint == plan(ALL, goal(THREE)).fingerprint == fleet(*ALL).fingerprint()


@pytest.mark.parametrize("names", [("fra",), ("b",), ("fra", "a2"), ("nrt",)])
def test_what_was_left_out_once_can_be_left_out_again(names: tuple[str, ...]) -> None:
    machines, counts = [machine("a"), machine("a2"), machine("b", "fra")], {"iad": 2, "fra": 2, "nrt": 1}
    made = plan(machines, but(*names, counts=counts))
    again = plan(machines, but(*names_of(made.left_out), counts=counts))
    assert again == made


def test_a_kept_plan_knows_what_it_leaves_out() -> None:
    made = plan(ALL, but("fra", "c"))
    assert plan_of_dict(plan_as_dict(made)) == made
    # A plan that was kept before anything could be left out.
    data = plan_as_dict(plan(ALL, goal(THREE)))
    del data["left_out"]
    assert plan_of_dict(data).left_out == ()


def test_a_first_machine_is_made_elsewhere_when_the_primary_region_is_left_out() -> None:
    assert shape(plan([], but("iad"))) == [["fra:flyctl_create"], ["nrt:create_machine"]]
    assert shape(plan([], but("fra"))) == [["iad:flyctl_create"], ["nrt:create_machine"]]
