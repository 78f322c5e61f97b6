"""Volumes of a plan: one for every new machine of a process group that mounts one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project.model import FlyToml
from flyctl_orchestrator.rollout.plan.cost import guest_of, guest_of_size
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import DestroyVolume, Step, TakeVolume
from flyctl_orchestrator.rollout.state.observe import Fleet


@dataclass(frozen=True)
class VolumeSpec:
    """What the volume of a process group's machine is like.

    Attributes:
        size_gb: of a new one.
        snapshot_retention: days; None for the platform's own.
        cpu_kind, cpus, memory_mb: the machine it is for, so that it is made where that fits; 0 and "": not known.
        path: where it is mounted, "" when that is not known.
    """

    name: str
    size_gb: int
    snapshot_retention: int | None = None
    scheduled_snapshots: bool | None = None
    cpu_kind: str = ""
    cpus: int = 0
    memory_mb: int = 0
    path: str = ""


def specs_of(fly: FlyToml) -> dict[str, VolumeSpec]:
    """The volume of each process group of fly.toml that mounts one."""
    specs = {}
    for group, mount in fly.volumes.items():
        guest = guest_of_size(fly.size_of(group))
        snapshots = (mount.snapshot_retention, mount.scheduled_snapshots)
        spec = VolumeSpec(mount.source, mount.size_gb, *snapshots, path=mount.path)
        specs[group] = replace(spec, cpu_kind=guest.kind, cpus=guest.cpus, memory_mb=guest.memory_mb) if guest else spec
    return specs


def spec_like(machine: Machine, volumes: Iterable[Volume], written: VolumeSpec | None) -> VolumeSpec | None:
    """The volume of a copy of a machine, None when the machine has none.

    Args:
        written: what fly.toml says of its process group; else a new one is as large as the machine's own.
    """
    if not machine.mounts:
        return None
    own = next((volume for volume in volumes if volume.id == machine.mount.get("volume")), None)
    name = (own.name if own else "") or str(machine.mount.get("name") or "")
    if written is not None and written.name in (name, ""):
        return replace(written, name=name)
    size = own.size_gb if own else machine.mount.get("size_gb")
    spec = VolumeSpec(name, size if isinstance(size, int) and size > 0 else 1)
    guest = guest_of(machine)
    return replace(spec, cpu_kind=guest.kind, cpus=guest.cpus, memory_mb=guest.memory_mb) if guest else spec


def volume_notes(lanes: Iterable[Lane], fleet: Fleet) -> tuple[str, ...]:
    """What a plan does about volumes, for a person."""
    made, taken, kept, doomed = [], [], [], []
    known = {volume.id: volume for volume in fleet.volumes}
    owned = {machine.id: str(machine.mount.get("volume") or "") for machine in fleet.machines if machine.mounts}
    for lane in lanes:
        takes = next((step for step in lane.steps if isinstance(step, TakeVolume)), None)
        if takes is not None:
            text = f"{takes.name} in {takes.region} for {takes.group}"
            made += [] if takes.volume else [f"{text} ({takes.size_gb} GB)"]
            taken += [f"{takes.volume} ({text})"] if takes.volume else []
        gone = [step.volume for step in lane.steps if isinstance(step, DestroyVolume)]
        doomed += [called(known.get(volume), volume) for volume in gone]
        own = owned.get(lane.machine or "")
        if own and lane.action == "destroy" and own not in gone:
            kept.append(called(known.get(own), own))
    notes = [("new volumes", made), ("volumes that no machine has are used", taken)]
    notes += [("volumes that are kept", kept), ("volumes that are destroyed, with what is on them", doomed)]
    return tuple(f"{what}: {', '.join(names)}" for what, names in notes if names)


def called(volume: Volume | None, id: str) -> str:
    """What to call a volume, e.g. "vol_1 (data, 3 GB, fra)"."""
    return f"{id} ({volume.name}, {volume.size_gb} GB, {volume.region})" if volume else id


class FreeVolumes:
    """The volumes that no machine has, given to new machines one by one, as flyctl gives them: before any is made."""

    def __init__(self, volumes: Iterable[Volume]) -> None:
        self._free = [volume for volume in volumes if volume.free]

    def take(self, region: str, group: str, spec: VolumeSpec) -> TakeVolume:
        """The step that has a volume ready for one new machine."""
        fit = next((each for each in self._free if (each.name, each.region) == (spec.name, region)), None)
        if fit is not None:
            self._free.remove(fit)
        return TakeVolume(region, group, volume=fit.id if fit else "", **spec.__dict__)

    def for_lane(self, lane: Lane, spec: VolumeSpec | None) -> Lane:
        """The lane with that step before the others; without a `spec` as it is."""
        if spec is None:
            return lane
        steps: tuple[Step, ...] = (self.take(lane.region, lane.group, spec), *lane.steps)
        return replace(lane, steps=steps)
