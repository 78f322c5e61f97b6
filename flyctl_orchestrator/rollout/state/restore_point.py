"""A state of the fleet that a way back leads to, and what of the fleet the way back is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.rollout_ids import maker

Place = tuple[str, str]
"""Region and process group."""

# Seconds that two clocks may differ and still be taken for right.
SKEW = 60.0


def is_older(machine: Machine, at: float) -> bool:
    """Whether a machine was there before a moment; one that does not say when it was created counts as that.

    Args:
        at: seconds since the epoch by the platform's clock.
    """
    created = machine.created_s
    return created is None or created < at - SKEW


@dataclass(frozen=True)
class RestorePoint:
    """A state of the fleet to come back to. Machines that are neither in it nor new are none of its business.

    Attributes:
        machines: id -> the machine as it was.
        at: when that was, in seconds since the epoch by the platform's clock, as far as that is known.
        ill: ids of machines that were not healthy then, and need not be healthier now.
        touched: ids of those that what is undone may have changed; others are left as they are. None: all.
        made_by: ids of rollouts that began after it; machines that say one of them made them are new.
        made_in: places where flyctl may have created a machine for one of them; such a machine says so only a moment
            later.
        surplus: whether any machine that was created since is new, whoever made it.
    """

    machines: Mapping[str, Machine]
    at: float
    ill: frozenset[str] = frozenset()
    touched: frozenset[str] | None = None
    made_by: frozenset[str] = frozenset()
    made_in: frozenset[Place] = frozenset()
    surplus: bool = False

    def concerns(self, machine_id: str) -> bool:
        """Whether a machine of this state may have been changed since by what is undone."""
        return self.touched is None or machine_id in self.touched

    def is_new(self, machine: Machine) -> bool:
        """Whether a machine came to be after this state and is to go.

        A rollout's id is random, so a machine that carries one cannot be older than the rollout. Of all others the time
        of their creation decides first: whatever a reading of the fleet has left out, an older machine is never new.
        """
        if machine.id in self.machines or not machine.managed:
            return False
        by = maker(machine)
        if by and by in self.made_by:
            return True
        if is_older(machine, self.at):
            return False
        return self.surplus or (not by and (machine.region, machine.group) in self.made_in)

    def as_dict(self) -> dict[str, Any]:
        """All but the machines, which are kept by themselves, as plain JSON values."""
        return {
            "at": self.at,
            "ill": sorted(self.ill),
            "touched": None if self.touched is None else sorted(self.touched),
            "made_by": sorted(self.made_by),
            "made_in": sorted(list(place) for place in self.made_in),
            "surplus": self.surplus,
        }


def restore_point_of_dict(data: Mapping[str, Any], machines: Mapping[str, Machine]) -> RestorePoint:
    """The restore point that `RestorePoint.as_dict` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not.
    """
    touched = data["touched"]
    return RestorePoint(
        machines,
        float(data["at"]),
        frozenset(data["ill"]),
        touched=None if touched is None else frozenset(touched),
        made_by=frozenset(data["made_by"]),
        made_in=frozenset((str(region), str(group)) for region, group in data["made_in"]),
        surplus=bool(data["surplus"]),
    )
