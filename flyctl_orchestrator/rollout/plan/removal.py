"""Takes machines out for good: those of which there are too many, and those whose process group is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import DestroyMachine, DestroyVolume, Step, StopMachine
from flyctl_orchestrator.rollout.plan.surge import retirement
from flyctl_orchestrator.rollout.state.observe import Fleet


def remove_lane(machine: Machine, reason: str) -> Lane:
    """Take a machine out of service without anybody noticing; one that sleeps or is broken is destroyed at once."""
    steps: tuple[Step, ...] = (DestroyMachine(machine.id),)
    if machine.state == "started":
        drains = machine.serves and not machine.cordoned
        steps = retirement(machine.id) if drains else (StopMachine(machine.id), *steps)
    name = lane_name(machine.region, machine.group, machine.id)
    return Lane(name, machine.region, machine.group, machine.id, "destroy", steps, (reason,), weight=0)


def with_volume(lane: Lane, machine: Machine) -> Lane:
    """The lane that, at its end, destroys the volume that the machine had, too."""
    volume = machine.mount.get("volume")
    return replace(lane, steps=(*lane.steps, DestroyVolume(str(volume)))) if volume else lane


def group_lanes(machines: Iterable[Machine], groups: Iterable[str]) -> tuple[Lane, ...]:
    """The lanes that retire the machines of process groups that fly.toml no longer has, as flyctl's deploy does.

    Args:
        groups: those it has.
    """
    known = set(groups)
    return tuple(remove_lane(machine, "removed_group") for machine in machines if machine.group not in known)


def orphan_lanes(planned: Iterable[Lane], fleet: Fleet) -> tuple[Lane, ...]:
    """What is left of lanes whose machine is destroyed, and whose volume was to go with it and is still there."""
    machines, volumes = {machine.id for machine in fleet.machines}, {volume.id for volume in fleet.volumes}
    left = []
    for lane in planned:
        steps = tuple(step for step in lane.steps if isinstance(step, DestroyVolume) and step.volume in volumes)
        left += [replace(lane, steps=steps)] if steps and lane.machine not in machines else []
    return tuple(left)
