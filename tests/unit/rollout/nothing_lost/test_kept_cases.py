"""Rollouts that once broke a promise, as the property test found them: on top of what an unfinished surge had left."""

from __future__ import annotations

import pytest

from tests.unit.rollout.nothing_lost.fleets import Box, FleetShape, Order, Trouble
from tests.unit.rollout.nothing_lost.test_nothing_lost import NothingLost, Tally

THREE = (Box(0, "app", "", False, False, False),) * 3
CRASHES = (Trouble("crash-loop", 0, 0, 0, False, None),) * 2
# Leaves replacements, and machines of which a replacement is kept.
UNFINISHED = Order(
    image="good",
    ill_region=0,
    again=False,
    new_definition=False,
    more=None,
    fewer=None,
    canary=None,
    width=0,
    max_unavailable=1,
    bake=0.0,
    timeout=15.0,
    rollback=False,
    passes=1,
    troubles=CRASHES,
    strategy="surge",
    evidence="usual",
    share=0.05,
    crash=1.0,
)


class Kept(NothingLost):
    """One fleet, and the rollouts that a test names."""

    tally = Tally(100)


def run(boxes: tuple[Box, ...], *orders: Order) -> None:
    """Roll out one after the other on a fleet; each has to keep every promise."""
    fleet = Kept()
    try:
        fleet.found(shape=FleetShape(("iad", "fra"), ("app", "worker"), boxes, False, False))
        for order in orders:
            fleet.roll_out(order=order)
    finally:
        fleet.teardown()


def test_a_machine_whose_making_nobody_answered_is_not_called_unchanged() -> None:
    lost = (CRASHES[0], Trouble("lost-create", 28, 0, 0, False, None))
    order = Order(**{**vars(UNFINISHED), "canary": 1, "troubles": lost})
    run((*THREE, Box(1, "worker", "", False, False, False)), order)


@pytest.mark.parametrize("at", range(29, 80, 3))
@pytest.mark.parametrize("kind", ["press", "rival"])
def test_a_rollout_over_an_unfinished_surge_ends_as_it_says(kind: str, at: int) -> None:
    troubles = (Trouble("crash-loop", 0, 0, 0, False, 2.0), Trouble("crash-loop", 0, 5, 0, False, 45.0))
    stopped = Trouble(kind, at, 0, 0, False, 45.0)
    changes = {"rollback": True, "strategy": "in-place", "locked": True, "troubles": (*troubles, stopped)}
    run(THREE, UNFINISHED, Order(**{**vars(UNFINISHED), **changes}))


def test_a_surge_of_sleepers_is_not_called_verified_before_anybody_has_answered() -> None:
    sleepers = (Box(0, "app", "stop", False, False, False),) * 3
    half = {"image": "half", "rollback": True, "far": True, "troubles": ()}
    run(sleepers, Order(**{**vars(UNFINISHED), **half}))


def test_a_version_that_the_platform_did_not_keep_is_nobodys_deed() -> None:
    first = Order(**{**vars(UNFINISHED), "strategy": "in-place", "rollback": True, "troubles": ()})
    reverted = (Trouble("pull-reverted", 0, 0, 0, False, None),)
    run(THREE[:1], first, Order(**{**vars(first), "again": True, "new_definition": True, "troubles": reverted}))


@pytest.mark.parametrize("machines", [1, 2, 3])
@pytest.mark.parametrize("before", ["deaf", "ill-in-one"])
def test_half_of_the_answers_are_errors_also_where_the_app_was_ill_before(before: str, machines: int) -> None:
    first = Order(**{**vars(UNFINISHED), "strategy": "in-place", "rollback": True, "troubles": ()})
    down = Order(**{**vars(first), "image": before, "rollback": False})
    run(THREE[:machines], first, down, Order(**{**vars(first), "image": "half"}))
