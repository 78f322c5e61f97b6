"""The way back: every machine that was touched gets exactly what it had, and proves it at the same gate.

It takes the short way: all regions at once, no canary, no bake. It is never rolled back itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import destroy_lane, restore_lane
from flyctl_orchestrator.rollout.plan.plan import Lane, Wave
from flyctl_orchestrator.rollout.plan.steps import FlyctlCreate
from flyctl_orchestrator.rollout.run.do_create import create_tag
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.state.metadata import CREATED
from flyctl_orchestrator.rollout.undo.plan_state import plan_return
from flyctl_orchestrator.rollout.undo.surge_undo import surge_undo_lane


def plan_rollback(record: Record, machines: Mapping[str, Machine], limit: int) -> Wave:
    """The lanes that undo what a rollout has done so far.

    Args:
        machines: the fleet as it is now.
        limit: machines that serve and are changed at once within one region.
    """
    if record.restore_point is not None:
        return plan_return(record.restore_point, machines, limit)
    lanes: dict[str, Lane] = {}
    for run in record.runs.values():
        if not run.touched:
            continue
        for lane in _undo(run, record, machines):
            lanes.setdefault(lane.name, lane)
    # Those that do not serve come first: they have nothing to lose.
    return Wave("rollback", tuple(sorted(lanes.values(), key=lambda lane: lane.weight)), limit=limit)


def _undo(run: LaneRun, record: Record, machines: Mapping[str, Machine]) -> list[Lane]:
    if run.lane.replaces is not None:
        old = record.before[run.lane.replaces]
        replacements = _made_by(run, record, machines)
        lane = surge_undo_lane(old, machines.get(old.id), replacements, healthy=record.was_healthy(old.id))
        return [lane] if lane else []
    if set(run.lane.reasons) & {"replaced", "leftover"}:
        # What took its place goes back with the lane that made it; what an earlier rollout left is not missed.
        return []
    if run.before is None:
        return [destroy_lane(machine) for machine in _made_by(run, record, machines)]
    machine = machines.get(run.machine_id or run.before.id) or machines.get(run.before.id)
    before = run.before
    if machine is None:
        # Nothing to restore onto; the lane fails and the report says so.
        return [restore_lane(before, before, healthy=True, weight=0)]
    same = machine.instance_id == before.instance_id and machine.cordoned == before.cordoned
    if same and _sleeps_alike(machine, before):
        return []
    serving = machine.healthy and run.status == "passed"
    return [restore_lane(machine, before, healthy=record.was_healthy(before.id), weight=int(serving))]


def _made_by(run: LaneRun, record: Record, machines: Mapping[str, Machine]) -> list[Machine]:
    """The machine a lane created, also when the answer to the create was lost."""
    if run.machine_id is not None:
        return [machines[run.machine_id]] if run.machine_id in machines else []
    tag = create_tag(record.id, run.lane.name)
    tagged = [machine for machine in machines.values() if machine.metadata.get(CREATED) == tag]
    if tagged or not isinstance(run.lane.steps[0], FlyctlCreate):
        return tagged
    taken = {other.machine_id for other in record.runs.values()}
    place = (run.lane.region, run.lane.group)
    new = [m for m in machines.values() if m.managed and m.id not in record.before and m.id not in taken]
    return [machine for machine in new if (machine.region, machine.group) == place]


def _sleeps_alike(machine: Machine, before: Machine) -> bool:
    return not before.asleep or machine.sleep_state == before.sleep_state
