"""Leaves regions, process groups and machines out of a rollout: a host that stays down holds up nothing else.

What is left out is named by a region's code, a machine's id, or a process group's name and a colon ("worker:").
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.drift import find_drift
from flyctl_orchestrator.rollout.plan.plan import Drift, LeftOut
from flyctl_orchestrator.rollout.state.observe import Fleet


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


@dataclass(frozen=True)
class Only:
    """What a rollout is about when not about everything; empty means all of them."""

    regions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def others(fleet: Fleet, desired: Desired, only: Only) -> tuple[str, ...]:
    """The names of what is left out when a rollout is about these regions and process groups only.

    Raises:
        UsageError: there is no such region or process group.
    """
    regions = dict.fromkeys((*desired.order, *(machine.region for machine in fleet.managed)))
    groups = dict.fromkeys((*desired.groups, *(machine.group for machine in fleet.managed)))
    for flag, asked, known in (("--regions", only.regions, regions), ("--process-groups", only.groups, groups)):
        if unknown := [name for name in asked if name not in known]:
            raise UsageError(
                f"'{unknown[0]}' is none of app {desired.app}'s",
                where=flag,
                next=f"There is: {', '.join(known)}",
                code="plan.only",
            )
    names = [region for region in regions if only.regions and region not in only.regions]
    return (*names, *(f"{group}:" for group in groups if only.groups and group not in only.groups))


def leave_out(fleet: Fleet, desired: Desired) -> Rest:
    """Take out what `desired.without` names. A machine that is left out counts as one that is there."""
    names = set(desired.without)
    if not names:
        return Rest(fleet, desired, find_drift(fleet, desired))
    out = [machine for machine in fleet.managed if names & {machine.region, machine.id, f"{machine.group}:"}]
    ids = {machine.id for machine in out}
    kept = tuple(machine for machine in fleet.machines if machine.id not in ids)
    standing = Counter((machine.region, machine.group) for machine in out if not machine.config.get("standbys"))
    counts = {
        place: max(0, count - standing[place])
        for place, count in desired.counts.items()
        if not names & {place[0], f"{place[1]}:"}
    }
    known = dict.fromkeys((*(machine.region for machine in out), *(region for region, _ in desired.counts)))
    regions = [LeftOut(region) for region in known if region in names]
    groups = dict.fromkeys((*desired.groups, *(machine.group for machine in out)))
    regions += [LeftOut("", group) for group in groups if f"{group}:" in names]
    left = (*regions, *(LeftOut(machine.region, machine.group, machine.id) for machine in out))
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


def check_names(fleet: Fleet, desired: Desired) -> None:
    """Make sure that everything that is to be left out is there, and that something is left.

    Raises:
        UsageError: it is not.
    """
    regions = {machine.region for machine in fleet.managed} | {region for region, _ in desired.counts}
    groups = {*desired.groups, *(machine.group for machine in fleet.managed)}
    known = regions | {machine.id for machine in fleet.managed} | {f"{group}:" for group in groups}
    for name in desired.without:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            raise UsageError(
                f"'{name}' is neither a region of app {desired.app} nor one of its machines",
                where="--without",
                next=f"Did you mean '{close[0]}'?" if close else "'flyo status --machines' shows them",
                code="plan.without",
            )
    rest = leave_out(fleet, desired)
    if rest.left and not rest.fleet.managed and not any(rest.desired.counts.values()):
        raise UsageError("that leaves nothing to roll out to", where="--without", code="plan.without")


def left_out_words(left: Iterable[LeftOut]) -> str:
    """What is left out, for a person, e.g. "fra (148e21d7, 17811b3a), process group worker"; "" for nothing."""
    regions: dict[str, list[str]] = {}
    groups = [each.group for each in left if not each.region]
    for each in left:
        if each.group in groups:
            continue
        regions.setdefault(each.region, []).extend([each.machine] if each.machine else [])
    words = [f"{region} ({', '.join(ids)})" if ids else region for region, ids in regions.items()]
    return ", ".join((*words, *(f"process group {group}" for group in groups)))


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
