"""The part of a fleet that a rollout is about, as the options of a command line say it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.left_out import NEW, leave_out
from flyctl_orchestrator.rollout.state.observe import Fleet

OPTIONS = {
    "regions": "--regions",
    "groups": "--process-groups",
    "machines": "--only-machines",
    "without": "--without",
    "not_regions": "--exclude-regions",
    "not_machines": "--exclude-machines",
}
"""Attribute of a `Part` -> the option that it is said with."""


@dataclass(frozen=True)
class Part:
    """What a rollout is about. Each attribute narrows it further, as each of flyctl's options does.

    Attributes:
        regions, groups, machines: these only; empty means all of them. With machines nothing new is made.
        without: regions and machines to leave as they are, and what else `plan/left_out.py` has names for.
        not_regions, not_machines: the same, of one kind.
    """

    regions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    not_regions: tuple[str, ...] = ()
    not_machines: tuple[str, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether it says what a rollout is about, and not what it leaves out."""
        return bool(self.regions or self.groups or self.machines)

    @property
    def options(self) -> str:
        """The options that say it, for a message, e.g. "--regions and --without"; "" for the whole fleet."""
        return " and ".join(OPTIONS[each.name] for each in fields(self) if getattr(self, each.name))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of what it leaves out."""
        return (*self.without, *self.not_regions, *self.not_machines)

    def of(self, fleet: Fleet, desired: Desired) -> Desired:
        """The goal for this part of a fleet.

        Raises:
            UsageError: what is named is not there, or nothing is left.
        """
        self._check_there(fleet, desired)
        names = dict.fromkeys((*self.left_out, *self._others(fleet, desired)))
        goal = replace(desired, without=tuple(names))
        rest = leave_out(fleet, goal)
        if rest.left and not rest.fleet.managed and not any(rest.desired.counts.values()):
            what, advice = "that leaves no machine and no region to roll out to", "Leave less out"
            raise UsageError(what, where=self.options, next=advice, code="plan.without")
        return goal

    def _others(self, fleet: Fleet, desired: Desired) -> Iterator[str]:
        """The names of what it is not about."""
        if self.regions:
            yield from (region for region in _regions(fleet, desired) if region not in self.regions)
        if self.groups:
            yield from (f"{group}:" for group in _groups(fleet, desired) if group not in self.groups)
        if self.machines:
            yield from (machine.id for machine in fleet.managed if machine.id not in self.machines)
            yield NEW

    def _check_there(self, fleet: Fleet, desired: Desired) -> None:
        regions, groups = _regions(fleet, desired), _groups(fleet, desired)
        machines = [machine.id for machine in fleet.managed]
        anything = [*regions, *machines, *(f"{group}:" for group in groups), NEW]
        known: dict[str, tuple[Collection[str], str]] = {
            "regions": (regions, "no region"),
            "groups": (groups, "no process group"),
            "machines": (machines, "no machine"),
            "without": (anything, "neither a region nor a machine"),
            "not_regions": (regions, "no region"),
            "not_machines": (machines, "no machine"),
        }
        for attribute, (there, what) in known.items():
            for name in getattr(self, attribute):
                if name not in there:
                    code = "plan.only" if attribute in ("regions", "groups", "machines") else "plan.without"
                    if attribute.endswith("machines") and any(name == machine.id for machine in fleet.machines):
                        said = f"machine {name} of app {desired.app} was not made by a deploy, and none changes it"
                        raise UsageError(said, where=OPTIONS[attribute], next="Leave it out", code=code)
                    raise UsageError(
                        f"'{name}' is {what} of app {desired.app}",
                        where=OPTIONS[attribute],
                        next=_instead(name, there, names_few=attribute in ("regions", "groups", "not_regions")),
                        code=code,
                    )


def _instead(name: str, there: Collection[str], *, names_few: bool) -> str:
    close = difflib.get_close_matches(name, sorted(there), n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"There is: {', '.join(there)}" if names_few and there else "'flyo status --machines' shows them"


def _regions(fleet: Fleet, desired: Desired) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*desired.order, *(machine.region for machine in fleet.managed))))


def _groups(fleet: Fleet, desired: Desired) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*desired.groups, *(machine.group for machine in fleet.managed))))
