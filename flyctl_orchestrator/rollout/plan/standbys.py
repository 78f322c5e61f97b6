"""Standby machines whose main machine is replaced: they name it by its id, so they have to name the new one then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import (
    CreateMachine,
    Gate,
    RecreateMachine,
    RestoreMachine,
    SetStandbys,
    Step,
    UpdateMachine,
)
from flyctl_orchestrator.rollout.state.metadata import REPLACES

STANDBYS = "standbys"
"""The wave of those that have to wait for others."""

_MADE_BY = (UpdateMachine, CreateMachine, RestoreMachine, RecreateMachine)


def replaced_machines(
    lanes: Iterable[Lane], leftovers: Mapping[str, Lane], machines: Collection[Machine]
) -> frozenset[str]:
    """Ids of the machines that are not the ones to stand in for any more, as another one takes their place.

    Args:
        lanes: what is to be changed.
        leftovers: what an unfinished rollout left, see `leftovers_of`.
        machines: all that are there.
    """
    ids = {machine.id for machine in machines}
    here = {lane.replaces for lane in lanes if lane.replaces}
    before = {id for id, lane in leftovers.items() if "replaced" in lane.reasons}
    gone = {machine.metadata.get(REPLACES, "") for machine in machines if machine.id not in leftovers} - ids
    return frozenset(here | before | gone) - {""}


def waiting_lanes(lanes: Iterable[Lane], machines: Iterable[Machine], replaced: Collection[str]) -> list[Lane]:
    """The lanes of standby machines that come after all others: of those that are replaced, or name what is.

    Args:
        lanes: what is to be changed anyway.
        machines: those of the process groups that fly.toml has, without what an unfinished rollout left.
        replaced: as `replaced_machines` gives them.
    """
    changing = {lane.machine or lane.replaces: lane for lane in lanes}
    waiting = []
    for machine in machines:
        lane = changing.get(machine.id)
        if set(machine.standbys) & set(replaced):
            lane = lane or _only_named(machine, "update")
            waiting.append(naming(replace(lane, reasons=(*lane.reasons, "standby"))))
        elif machine.standbys and lane is not None and lane.replaces:
            waiting.append(lane)
    return waiting


def naming(lane: Lane) -> Lane:
    """The lane with the names put right as soon as its machine has its configuration."""
    at = next((number for number, step in enumerate(lane.steps) if isinstance(step, _MADE_BY)), -1) + 1
    return replace(lane, steps=(*lane.steps[:at], SetStandbys(), *lane.steps[at:]))


def _only_named(machine: Machine, action: Literal["update", "restore"]) -> Lane:
    name = lane_name(machine.region, machine.group, machine.id)
    steps: tuple[Step, ...] = (Gate(strict=False),)
    return Lane(name, machine.region, machine.group, machine.id, action, steps, weight=0)


def with_names(lanes: Sequence[Lane], before: Iterable[Machine], machines: Mapping[str, Machine]) -> list[Lane]:
    """The lanes of a way back, with those standby machines put right that name a machine which is gone.

    Args:
        before: the machines as they were.
        machines: those that are there, by id.
    """
    found = list(lanes)
    remade = {step.machine for lane in lanes for step in lane.steps if isinstance(step, RecreateMachine)}
    for machine in before:
        gone = set(machine.standbys) - machines.keys()
        at = next((n for n, lane in enumerate(found) if (lane.action, lane.machine) == ("restore", machine.id)), None)
        if gone and at is not None:
            found[at] = naming(found[at])
        elif gone & remade and machine.id in machines:
            found.append(replace(naming(_only_named(machine, "restore")), reasons=("rollback",)))
    return found
