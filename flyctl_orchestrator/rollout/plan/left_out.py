"""Leaves regions, process groups and machines out of a rollout: a host that stays down holds up nothing else.

What is left out is named by a region's code, a machine's id, a process group's name and a colon ("worker:"), or by
what `NEW` says: nothing is made then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.drift import find_drift
from flyctl_orchestrator.rollout.plan.plan import Drift, LeftOut
from flyctl_orchestrator.rollout.state.observe import Fleet

NEW = "new machines"


@dataclass(frozen=True)
class Rest:
    """What a rollout is about when something is left out: the fleet and the goal without it.

    Attributes:
        left: what is left out.
        drift: what differs from the files. A count is compared with all machines of a place, those left out included.
    """

    fleet: Fleet
    desired: Desired
    drift: tuple[Drift, ...]
    left: tuple[LeftOut, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about it."""
        return (f"left out, and left as it is: {left_out_words(self.left)}",) if self.left else ()


def leave_out(fleet: Fleet, desired: Desired) -> Rest:
    """Take out what `desired.without` names. A machine that is left out counts as one that is there."""
    names = set(desired.without)
    if not names:
        return Rest(fleet, desired, find_drift(fleet, desired))
    out = [machine for machine in fleet.managed if names & {machine.region, machine.id, f"{machine.group}:"}]
    ids = {machine.id for machine in out}
    kept = tuple(machine for machine in fleet.machines if machine.id not in ids)
    standing = Counter((machine.region, machine.group) for machine in out if not machine.standbys)
    counts = {
        place: max(0, count - standing[place])
        for place, count in desired.counts.items()
        if not names & {place[0], f"{place[1]}:"}
    }
    if NEW in names:
        there = Counter((machine.region, machine.group) for machine in kept if not machine.standbys)
        counts = {place: min(count, there[place]) for place, count in counts.items()}
    known = dict.fromkeys((*(machine.region for machine in out), *(region for region, _ in desired.counts)))
    regions = [LeftOut(region) for region in known if region in names]
    groups = dict.fromkeys((*desired.groups, *(machine.group for machine in out)))
    regions += [LeftOut("", group) for group in groups if f"{group}:" in names]
    left = (*regions, *(LeftOut(machine.region, machine.group, machine.id) for machine in out))
    left += (LeftOut("", "", NEW),) if NEW in names else ()
    rest, goal = replace(fleet, machines=kept), replace(desired, counts=counts)
    partly = {(each.region, each.group) for each in left}
    drift = [each for each in find_drift(rest, goal) if not (_about_counts(each) and _place(each) in partly)]
    counted = [each for each in find_drift(fleet, desired) if _about_counts(each) and _place(each) in partly]
    drift += [each for each in counted if not names & {each.region, f"{each.group}:"}]
    return Rest(rest, goal, tuple(drift), left)


def _about_counts(drift: Drift) -> bool:
    return drift.kind in ("surplus", "missing")


def _place(drift: Drift) -> tuple[str, str]:
    return drift.region, drift.group


def left_out_words(left: Iterable[LeftOut]) -> str:
    """What is left out, for a person, e.g. "fra (148e21d7, 17811b3a), process group worker"; "" for nothing."""
    regions: dict[str, list[str]] = {}
    left = list(left)
    groups = [each.group for each in left if not each.region and each.group]
    for each in left:
        if not each.region or each.group in groups:
            continue
        regions.setdefault(each.region, []).extend([each.machine] if each.machine else [])
    words = [f"{region} ({', '.join(ids)})" if ids else region for region, ids in regions.items()]
    new = [NEW] if any(each.machine == NEW for each in left) else []
    return ", ".join((*words, *(f"process group {group}" for group in groups), *new))


def names_of(left: Iterable[LeftOut]) -> tuple[str, ...]:
    """What to name to leave the same out once more."""
    return tuple(each.machine or each.region or f"{each.group}:" for each in left)


def without(machines: Iterable[Machine], left: Iterable[LeftOut]) -> list[Machine]:
    """The machines that are not left out."""
    ids = {each.machine for each in left}
    return [machine for machine in machines if machine.id not in ids]


def but_left_out(left: Iterable[LeftOut]) -> str:
    """The end of a sentence about every machine: ", but what was left out: fra"; "" when nothing was."""
    words = left_out_words(left)
    return f", but what was left out: {words}" if words else ""
