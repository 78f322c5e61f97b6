"""How a bad day ended: what the fleet is then, and whether that is what the rollout said and what it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.rehearsal.bad_day import BadDay
from flyctl_orchestrator.rollout.rehearsal.rehearse import RehearsalResult

Fleet = Literal["new", "old", "mixed"]
Shape = tuple[str, str, str, bool, bool]
UNTOUCHED = (Exit.ERROR, Exit.USAGE, Exit.ROLLED_BACK, Exit.LOCKED, Exit.UNREACHABLE, Exit.INTERRUPTED)


@dataclass(frozen=True)
class DayEnd:
    """One day.

    Attributes:
        fleet: all machines new, all as before, or neither.
        wrong: what is not as it should be, one sentence; "" when all is.
        seconds: how long the rollout took there.
        struck: whether the fault was set at all.
    """

    day: BadDay
    result: RehearsalResult
    fleet: Fleet
    wrong: str
    seconds: float
    struck: bool

    @property
    def good(self) -> bool:
        """Whether the fleet is uniform, and as it should be."""
        return not self.wrong

    def as_dict(self) -> dict[str, Any]:
        """As `flyo rehearse --all --json` shows it."""
        return {
            "day": self.day.name,
            "fault": dict(self.day.fault) or None,
            "moment": self.day.moment,
            "struck": self.struck,
            "exit": self.result.exit,
            "what": self.result.what,
            "fleet": self.fleet,
            "wrong": self.wrong or None,
            "seconds": round(self.seconds, 1),
        }


def judge(
    day: BadDay,
    result: RehearsalResult,
    before: Iterable[Machine],
    after: Iterable[Machine],
    goal: Goal,
    *,
    seconds: float,
    struck: bool,
) -> DayEnd:
    """How a day ended, from the machines before and, when all trouble was over, after the rollout."""
    fleet = fleet_of(before, after, goal)
    return DayEnd(day, result, fleet, _wrong(day, result, fleet), seconds, struck)


@dataclass(frozen=True)
class Goal:
    """What a rollout was for: digest of the new image, and how many machines of each region and group."""

    digest: str
    counts: Mapping[tuple[str, str], int]


def fleet_of(before: Iterable[Machine], after: Iterable[Machine], goal: Goal) -> Fleet:
    """Whether all machines are new, or all as before, or neither. Ids do not count: a machine may be replaced."""
    old, now = list(before), list(after)
    counts = Counter((machine.region, machine.group) for machine in now if not machine.standbys)
    wanted = {place: number for place, number in goal.counts.items() if number}
    if now and all(machine.digest == goal.digest for machine in now) and counts == wanted and _serving(old, now):
        return "new"
    return "old" if Counter(map(_shape, old)) == Counter(map(_shape, now)) else "mixed"


def _shape(machine: Machine) -> Shape:
    return machine.region, machine.group, machine.digest or "", machine.sleep_state is None, machine.cordoned


def _serving(old: Iterable[Machine], now: Iterable[Machine]) -> bool:
    """Whether as many machines as before are up and take requests, where they are new in number or not."""
    up = Counter(machine.region for machine in now if machine.state == "started" and not machine.cordoned)
    was = Counter(machine.region for machine in old if machine.state == "started" and not machine.cordoned)
    there = Counter(machine.region for machine in now)
    return all(up[region] >= min(number, there[region]) for region, number in was.items())


def _wrong(day: BadDay, result: RehearsalResult, fleet: Fleet) -> str:
    status = result.exit
    if fleet == "mixed":
        return "the fleet is left mixed"
    if status == Exit.OK and fleet == "old":
        return "it said that all is new, and nothing is"
    if status in UNTOUCHED and fleet == "new":
        return "it said that all is as before, and everything is new"
    if day.condemned and fleet == "new":
        return "a bad release was judged to be good"
    if not day.fault and status != Exit.OK:
        return "it fails without any fault"
    return ""
