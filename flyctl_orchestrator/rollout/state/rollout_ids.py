"""Ids of rollouts: how they look, how they are ordered, and which of them a machine carries.

An id begins with a number, one more than the highest that was seen when it was made: in the journals here, and on the
machines. What came after what is told by that number. The time in an id is for people; a clock can be wrong.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import CREATED, ROLLOUT

ROLLOUT_ID = re.compile(r"(?:(?P<number>\d{4,7})-)?(?P<stamp>\d{8}-\d{6})-[0-9a-f]{6}")
"""How ids of rollouts look; tags that begin otherwise are not a rollout's. The first ones had no number."""


def new_rollout_id(clock: Clock, random: random.Random, seen: Iterable[str]) -> str:
    """An id that comes after all others, e.g. "0012-20261123-064812-9f3a1c".

    Args:
        seen: the ids of all rollouts that are known.
    """
    number = 1 + max((in_order(rollout)[0] for rollout in seen), default=0)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock.now()))
    return f"{number:04d}-{stamp}-{random.getrandbits(24):06x}"


def in_order(rollout: str) -> tuple[int, str]:
    """A key that puts ids of rollouts in the order in which they began; "" and what is no id come first."""
    found = ROLLOUT_ID.fullmatch(rollout)
    return (int(found["number"] or 0) if found else 0), rollout


def newest_of(rollouts: Iterable[str]) -> str:
    """The id of the rollout that began last, "" when there is none."""
    return max(rollouts, key=in_order, default="")


def began_at(rollout: str) -> float:
    """When a rollout began, in seconds since the epoch by the clock of its computer, as its id says; 0.0 for no id."""
    found = ROLLOUT_ID.fullmatch(rollout)
    if not found:
        return 0.0
    try:
        return datetime.strptime(found["stamp"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0  # digits that are no time


def maker(machine: Machine) -> str:
    """Id of the rollout that created a machine, "" when none did or nobody knows."""
    rollout = machine.metadata.get(CREATED, "").partition("/")[0]
    return rollout if ROLLOUT_ID.fullmatch(rollout) else ""


def changed_by(machine: Machine) -> str:
    """Id of the rollout that changed or made a machine last, "" when none did."""
    rollout = machine.metadata.get(ROLLOUT, "")
    return newest_of((rollout if ROLLOUT_ID.fullmatch(rollout) else "", maker(machine)))
