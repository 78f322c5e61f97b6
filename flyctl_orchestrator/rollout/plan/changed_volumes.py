"""Machines that fly.toml mounts another volume into than they have: a volume is mounted when a machine is created.

As with flyctl, a machine that has none gets a replacement that has one, as long as there is a volume that no machine
has. Where fly.toml mounts none any more, a machine that has one gets a replacement that has none. A volume of another
name, which flyctl refuses, is had in the same way. What a machine had is kept; a person has to agree that the new one
does not see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.steps import CreateMachine, DestroyMachine, Step, TakeVolume
from flyctl_orchestrator.rollout.plan.surge import replace_lane
from flyctl_orchestrator.rollout.plan.volumes import FreeVolumes, VolumeSpec, called
from flyctl_orchestrator.rollout.state.metadata import REPLACES
from flyctl_orchestrator.rollout.state.observe import Fleet


def gains_volume(machine: Machine, spec: VolumeSpec | None) -> bool:
    """Whether fly.toml mounts a volume into a machine that has none, or one of another name.

    A machine whose volume has no name that is known keeps it, as flyctl lets it.
    """
    if spec is None or not machine.mounts:
        return spec is not None
    return machine.mount.get("name") not in (None, "", spec.name)


def loses_volume(machine: Machine, spec: VolumeSpec | None) -> bool:
    """Whether fly.toml mounts no volume into a machine that has one."""
    return spec is None and machine.mounts


def lane_without_volume(machine: Machine, reasons: Sequence[str]) -> Lane:
    """The lane that replaces a machine by one without its volume."""
    lane = replace_lane(machine, [*reasons, "no_volume"])
    steps = (replace(step, bare=True) if isinstance(step, CreateMachine) else step for step in lane.steps)
    return replace(lane, steps=tuple(steps))


@dataclass(frozen=True)
class Detached:
    """A machine that a plan replaces by one without its volume, or with another one."""

    region: str
    machine: str
    volume: str

    @property
    def what(self) -> str:
        """The machine and its volume, for a person."""
        return f"{self.region} {self.machine} (volume {self.volume})"


def detached_volumes(plan: Plan, fleet: Fleet) -> tuple[Detached, ...]:
    """The volumes that a plan leaves without a machine because fly.toml mounts another one, or none, by now."""
    there = {machine.id: machine for machine in fleet.machines}
    known = {volume.id: volume for volume in fleet.volumes}
    found = []
    for lane in plan.lanes:
        machine = there.get(lane.replaces or "")
        parted = any(isinstance(step, TakeVolume) or getattr(step, "bare", False) for step in lane.steps)
        if machine is None or not machine.mounts or not parted:
            continue
        id = str(machine.mount.get("volume") or "")
        found.append(Detached(machine.region, machine.id, called(known.get(id), id)))
    return tuple(found)


class VolumeReplacements:
    """The lanes that give machines without the volume of fly.toml a replacement that has one.

    Attributes:
        discarded: ids of the replacements of an unfinished rollout that these lanes destroy first; their volumes are
            free after that.
    """

    def __init__(self, free: FreeVolumes, leftovers: Iterable[Machine]) -> None:
        self._free = free
        self._leftovers = {each.metadata.get(REPLACES, ""): each for each in leftovers}
        self.discarded: set[str] = set()

    def lane(self, machine: Machine, reasons: Sequence[str], spec: VolumeSpec) -> Lane:
        """The lane that replaces a machine by one with a volume that no machine has."""
        left = self._leftovers.get(machine.id)
        ahead: tuple[Step, ...]
        if left is not None and left.mount.get("name") == spec.name:
            self.discarded.add(left.id)
            volume = TakeVolume(machine.region, machine.group, volume=str(left.mount["volume"]), **spec.__dict__)
            ahead = (DestroyMachine(left.id), volume)
        else:
            ahead = (self._free.take(machine.region, machine.group, spec),)
        lane = replace_lane(machine, [*reasons, "other_volume" if machine.mounts else "volume"])
        return replace(lane, steps=(*ahead, *lane.steps))


def refuse_without_volume(lanes: Iterable[Lane], specs: Mapping[str, VolumeSpec], app: str) -> None:
    """Refuse to replace machines for whose volume there is none that is free: flyctl makes none for them, either.

    Raises:
        UsageError: says which volumes to make.
    """
    short: Counter[tuple[str, str]] = Counter()
    for lane in lanes:
        takes = next((step for step in lane.steps if isinstance(step, TakeVolume)), None)
        if lane.replaces and takes is not None and not takes.volume:
            short[lane.group, lane.region] += 1
    if not short:
        return
    group = next(iter(short))[0]
    name = specs[group].name
    places = {region: count for (each, region), count in sorted(short.items()) if each == group}
    make = " and ".join(f"'flyctl volumes create {name} -a {app} -r {r} -n {n}'" for r, n in places.items())
    anew = " ".join(f"{group}:{region}=0" for region in places)
    missing = ", ".join(f"{region} {count}" for region, count in places.items())
    raise UsageError(
        f"fly.toml mounts volume {name} into machines of process group {group} that do not have it, "
        f"and there is none that is free for each of them: volumes missing: {missing}",
        where=f"app {app}",
        next=f"Make them: {make}; or make new machines: 'flyo scale {anew}', then 'flyo deploy'",
        code="plan.volume_missing",
    )
