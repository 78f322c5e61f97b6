"""Which machines to add and which to remove, so that the counts come true: a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.scaling.source import choose_source
from flyctl_orchestrator.rollout.state.observe import Fleet


@dataclass(frozen=True)
class Addition:
    """One machine to create, as a copy of `source`."""

    region: str
    group: str
    source: Machine


@dataclass(frozen=True)
class ScalePlan:
    """What scaling will do.

    Attributes:
        counts: what was asked for, exact per (region, process group); places not named stay as they are.
        before: how many there are at every named place.
        ends_service: whether no machine that serves now, or could be woken to, is left when it is done.
    """

    app: str
    counts: Mapping[tuple[str, str], int]
    before: Mapping[tuple[str, str], int]
    additions: tuple[Addition, ...]
    removals: tuple[Machine, ...]
    ends_service: bool

    @property
    def empty(self) -> bool:
        """Whether the counts are true already."""
        return not self.additions and not self.removals


def plan_scale(fleet: Fleet, counts: Mapping[tuple[str, str], int], *, like: str | None = None) -> ScalePlan:
    """Plan the way from `fleet` to `counts`.

    Args:
        like: id of the machine to copy; None to choose the newest verified one of the process group.

    Raises:
        UsageError: a machine has to be added and there is none to copy (see `choose_source`).
    """
    standing = [machine for machine in fleet.managed if not machine.config.get("standbys")]
    before = {place: sum(1 for machine in standing if _place(machine) == place) for place in counts}
    additions = []
    for (region, group), count in counts.items():
        missing = count - before[(region, group)]
        if missing > 0:
            source = choose_source(fleet, group, like)
            additions += [Addition(region, group, source)] * missing
    removals = _removals(standing, counts, before)
    return ScalePlan(
        app=fleet.app,
        counts=counts,
        before=before,
        additions=tuple(additions),
        removals=tuple(removals),
        ends_service=bool(removals) and not additions and _nobody_left(standing, removals),
    )


def _place(machine: Machine) -> tuple[str, str]:
    return machine.region, machine.group


def _removals(
    standing: list[Machine], counts: Mapping[tuple[str, str], int], before: Mapping[tuple[str, str], int]
) -> list[Machine]:
    """The machines above the counts: those that do not serve, are ill, have no volume, or are young go first."""
    removals: list[Machine] = []
    for place, count in counts.items():
        if count < before[place]:
            removals += sorted((machine for machine in standing if _place(machine) == place), key=_uselessness)[count:]
    return removals


def _uselessness(machine: Machine) -> tuple[bool, bool, bool, bool, str]:
    # A cordoned one may be what an earlier run has begun to remove.
    return (
        machine.state != "started",
        machine.cordoned,
        not machine.checks_passing,
        not machine.mounts,
        machine.created_at,
    )


def _nobody_left(standing: list[Machine], removals: list[Machine]) -> bool:
    doomed = {machine.id for machine in removals}
    useful = [machine for machine in standing if machine.asleep or machine.healthy]
    return bool(useful) and all(machine.id in doomed for machine in useful)
