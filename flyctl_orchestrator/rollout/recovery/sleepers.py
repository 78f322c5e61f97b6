"""Who slept before a killed rollout began, and so is to sleep after it: it may have woken or replaced them by then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Machine, Sleep
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import PutToSleep
from flyctl_orchestrator.rollout.state.metadata import REPLACES
from flyctl_orchestrator.rollout.state.observe import Fleet


def sleepers_of(fleet: Fleet, before: Mapping[str, Machine]) -> dict[str, Sleep]:
    """Every machine that is to sleep, and how: those that slept before, and whatever replaces them.

    Args:
        before: machine id -> the machine as it was before the killed rollout.
    """
    now = {machine.id: machine for machine in fleet.machines}

    def slept(machine: Machine) -> Sleep | None:
        seen: set[str] = set()
        each = machine.id
        while each not in before and each in now and each not in seen:
            seen.add(each)
            each = now[each].metadata.get(REPLACES, "")
        # When a standby machine runs is the platform's business.
        return before[each].sleep_state if each in before and not before[each].standbys else None

    found = {machine.id: slept(machine) for machine in fleet.machines}
    return {machine: state for machine, state in found.items() if state is not None}


def as_they_slept(fleet: Fleet, before: Mapping[str, Machine]) -> Fleet:
    """The fleet with those that are to sleep counted as asleep."""
    sleepers = sleepers_of(fleet, before)

    def once(machine: Machine) -> Machine:
        asleep = sleepers.get(machine.id)
        return replace(machine, state=asleep) if asleep and not machine.asleep else machine

    return replace(fleet, machines=tuple(once(machine) for machine in fleet.machines))


def sleep_lanes(idle: Iterable[Machine], fleet: Fleet, before: Mapping[str, Machine]) -> tuple[Lane, ...]:
    """Put those back to sleep that are new and verified already.

    Args:
        idle: the machines to which nothing else is to be done.
    """
    sleepers = sleepers_of(fleet, before)
    return tuple(_sleep_lane(machine, sleepers[machine.id]) for machine in idle if machine.id in sleepers)


def _sleep_lane(machine: Machine, asleep: Sleep) -> Lane:
    name = lane_name(machine.region, machine.group, machine.id)
    steps = (PutToSleep(asleep),)
    return Lane(name, machine.region, machine.group, machine.id, "update", steps, ("asleep before",), weight=0)
