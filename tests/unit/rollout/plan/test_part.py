"""The part of a fleet that the options of a command line choose."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.left_out import left_out_words, names_of
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.plan.goals import SECRETS, goal, machine, plan

PLACES = {("iad", "app"): 2, ("fra", "app"): 1, ("iad", "worker"): 1, ("fra", "worker"): 2}
GOAL = goal(PLACES)
MACHINES = [
    machine("a1"),
    machine("a2"),
    machine("w1", group="worker"),
    machine("x1", "fra"),
    machine("x2", "fra", group="worker"),
    machine("old", group="gone"),
]
FLEET = Fleet("shop", True, tuple(MACHINES), SECRETS)


def made(part: Part) -> Plan:
    return plan(MACHINES, part.of(FLEET, GOAL))


def changed(part: Part) -> set[tuple[str, str, str | None]]:
    return {(lane.region, lane.group, lane.machine) for lane in made(part).lanes}


def test_without_options_it_is_all_of_it() -> None:
    assert Part().of(FLEET, GOAL) == GOAL


@pytest.mark.parametrize(
    ("part", "lanes"),
    [
        (Part(groups=("worker",)), {("iad", "worker", "w1"), ("fra", "worker", "x2"), ("fra", "worker", None)}),
        (Part(regions=("fra",)), {("fra", "app", "x1"), ("fra", "worker", "x2"), ("fra", "worker", None)}),
        (Part(machines=("a2",)), {("iad", "app", "a2")}),
        # A machine of a group that fly.toml no longer has is taken away, and nothing is made in the place of x3.
        (Part(machines=("x2", "old")), {("fra", "worker", "x2"), ("iad", "gone", "old")}),
        # Each option narrows it down further.
        (Part(regions=("iad",), groups=("app",)), {("iad", "app", "a1"), ("iad", "app", "a2")}),
        (Part(groups=("app",), not_regions=("iad",)), {("fra", "app", "x1")}),
        (Part(machines=("a1", "x1"), regions=("fra",)), {("fra", "app", "x1")}),
        (Part(machines=("a1", "x1", "x2"), groups=("app",), not_machines=("a1",)), {("fra", "app", "x1")}),
        (Part(groups=("app",), without=("fra", "a1")), {("iad", "app", "a2")}),
    ],
)
def test_each_option_narrows_it_down(part: Part, lanes: set[tuple[str, str, str | None]]) -> None:
    assert changed(part) == lanes


@pytest.mark.parametrize("part", [Part(groups=("worker",)), Part(machines=("x2",)), Part(regions=("fra",))])
def test_what_was_chosen_once_can_be_chosen_again(part: Part) -> None:
    first = made(part)
    assert made(Part(without=names_of(first.left_out))) == first


def test_the_plan_says_what_it_is_not_about() -> None:
    assert left_out_words(made(Part(groups=("worker",))).left_out) == "process group app, process group gone"
    chosen = made(Part(machines=("x1",)))
    assert "left out, and left as it is: iad (a1, a2, w1, old), fra (x2), new machines" in chosen.notes


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Part(regions=("frq",)), "--regions: 'frq' is no region of app shop. Did you mean 'fra'?"),
        (Part(regions=("zzz",)), "--regions: 'zzz' is no region of app shop. There is: iad, fra"),
        (Part(groups=("wroker",)), "--process-groups: 'wroker' is no process group of app shop. Did you mean 'worker'"),
        (Part(machines=("17811b3a",)), "--only-machines: '17811b3a' is no machine of app shop. 'flyo status"),
        (Part(without=("frq",)), "--without: 'frq' is neither a region nor a machine of app shop. Did you mean 'fra'?"),
        (Part(not_regions=("frq",)), "--exclude-regions: 'frq' is no region of app shop. Did you mean 'fra'?"),
        (Part(not_regions=("a1",)), "--exclude-regions: 'a1' is no region of app shop"),
        (Part(not_machines=("fra",)), "--exclude-machines: 'fra' is no machine of app shop"),
        (Part(without=("iad", "fra")), "--without: that leaves no machine and no region to roll out to"),
        (Part(not_regions=("iad", "fra")), "--exclude-regions: that leaves no machine and no region to roll out to"),
        (
            Part(machines=("a1",), not_regions=("iad",)),
            "--only-machines and --exclude-regions: that leaves no machine and no region to roll out to",
        ),
    ],
)
def test_what_is_not_there_is_said_with_the_option_that_was_typed(part: Part, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        part.of(FLEET, GOAL)
    assert text in str(refused.value)


def test_a_machine_that_no_deploy_made_cannot_be_chosen() -> None:
    stranger = Machine("s1", "s1", "shop", "iad", "started", "v", "x", None, "app", {"image": "x"})
    fleet = Fleet("shop", True, (*MACHINES, stranger), SECRETS)
    with pytest.raises(UsageError, match="machine s1 of app shop was not made by a deploy"):
        Part(machines=("s1",)).of(fleet, GOAL)
