"""Where a way back leads: what there was before a rollout, whether it runs here or was killed long ago."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.steps import DestroyMachine, FlyctlCreate, machines_named
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint


def before_running(record: Record) -> RestorePoint:
    """What there was before a rollout that runs now."""
    runs = [run for run in record.runs.values() if run.touched]
    point = record.restore_point or _first(record.before, record.plan, record.began)
    known = {run.machine_id for run in runs if run.machine_id} | record.cordoned
    point = _reach(point, record.id, [run.lane for run in runs], known)
    return replace(point, ill=frozenset(record.ill()))


def before_past(past: PastRollout) -> RestorePoint:
    """What there was before a rollout of which only the journal, or what the machines say, is left."""
    if past.plan is None:
        point, lanes = past.origin or RestorePoint(past.before, past.began), []
    else:
        point = past.origin or _first(past.before, past.plan, past.began)
        lanes = [lane for lane in past.plan.lanes if lane.name in past.begun]
    return replace(_reach(point, past.id, lanes, ()), ill=past.ill)


def _first(before: Mapping[str, Machine], plan: Plan, at: float) -> RestorePoint:
    """The beginning of a rollout that carries on nothing. What an earlier one left behind is not missed."""
    replaced = {lane.replaces for lane in plan.lanes}
    # Unless it still took requests: whoever goes back needs it again.
    open_ = {id for id, machine in before.items() if not machine.cordoned}
    left = {lane.machine for lane in plan.lanes if "replaced" in lane.reasons and lane.machine not in open_} - replaced
    left |= {lane.machine for lane in plan.lanes if "leftover" in lane.reasons} - replaced
    making = (step for lane in plan.lanes if lane.replaces for step in lane.steps)
    left |= {step.machine for step in making if isinstance(step, DestroyMachine)}
    machines = {id: machine for id, machine in before.items() if machine.managed and id not in left}
    return RestorePoint(machines, at, touched=frozenset())


def _reach(point: RestorePoint, rollout: str, lanes: Iterable[Lane], known: Iterable[str]) -> RestorePoint:
    """A restore point that is also about what some lanes of a rollout have done."""
    lanes = list(lanes)
    steps = [step for lane in lanes for step in lane.steps]
    named = {lane.machine for lane in lanes if lane.machine} | {id for step in steps for id in machines_named(step)}
    places = {(step.region, step.group) for step in steps if isinstance(step, FlyctlCreate)}
    return replace(
        point,
        touched=None if point.touched is None else point.touched | named | frozenset(known),
        made_by=point.made_by | {rollout},
        made_in=point.made_in | places,
    )
