"""Machines that a deploy would make smaller than they are: what runs well with more may not fit into less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import FlyToml
from flyctl_orchestrator.rollout.plan.cost import Guest, guest_of, guest_of_size
from flyctl_orchestrator.rollout.plan.plan import Plan


@dataclass(frozen=True)
class Smaller:
    """A machine that a plan makes smaller."""

    region: str
    machine: str
    before: Guest
    after: Guest

    @property
    def what(self) -> str:
        """The machine and its two sizes, for a person."""
        return f"{self.region} {self.machine} ({size_text(self.before)} to {size_text(self.after)})"


def smaller_machines(plan: Plan, machines: Iterable[Machine], flytoml: FlyToml) -> tuple[Smaller, ...]:
    """The machines that get fewer processors, less memory, or shared processors instead of their own.

    A size that is not known is never called smaller; neither is anything where fly.toml names no size.
    """
    there = {machine.id: machine for machine in machines}
    found = []
    for lane in plan.lanes:
        machine = there.get((lane.replaces if lane.action == "replace" else lane.machine) or "")
        size = flytoml.vm_of(lane.group)
        if machine is None or size is None or lane.action not in ("update", "replace"):
            continue
        before, after = guest_of(machine), guest_of_size(size)
        if before is not None and after is not None and _less(after, before):
            found.append(Smaller(machine.region, machine.id, before, after))
    return tuple(found)


def size_text(guest: Guest) -> str:
    """A size for a person, e.g. "shared-cpu-2x with 1024 MB"."""
    return f"{guest.kind}-cpu-{guest.cpus}x with {guest.memory_mb} MB".replace("performance-cpu", "performance")


def _less(after: Guest, before: Guest) -> bool:
    own_lost = before.kind == "performance" and after.kind == "shared"
    return own_lost or after.cpus < before.cpus or after.memory_mb < before.memory_mb
