"""The table at the end: every machine, what became of it, and how it is."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.outcome import Row
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.state.metadata import ROLLOUT

CLOSED = "it is cordoned: it gets no requests"
PERHAPS_CLOSED = "it may be cordoned: the platform did not answer"
LEFT = "an unfinished rollout had left it"
APPEARED = "it was not there when the rollout began"


def rows_at_the_end(machines: Mapping[str, Machine] | None, record: Record, backs: Mapping[str, LaneRun]) -> list[Row]:
    """One row per managed machine, those that should be there and are not included.

    Args:
        machines: the fleet as it is now, None when nobody could look.
        backs: machine id -> the lane that put it back, for those that were to be put back.
    """
    lanes = {run.machine_id: run for run in record.runs.values() if run.machine_id}
    rows = []
    for machine in (machines or {}).values():
        if machine.managed:
            rows.append(_row(machine, lanes.get(machine.id), backs.get(machine.id), record))
    for run in record.runs.values():
        unmade = run.machine_id is None and run.lane.replaces and (machines is not None or not run.touched)
        if run.machine_id in (machines or {}) or unmade:
            # A replacement that was never made is missed by nobody: the machine itself has a row.
            continue
        back = backs.get(run.machine_id or "")
        rows.append(_unseen(run, back, record) if machines is None else _absent(run, back, record))
    rows += [
        _only_back(id, back, seen=machines is not None)
        for id, back in backs.items()
        if id not in lanes and id not in (machines or {})
    ]
    order = record.plan.regions
    place = {region: number for number, region in enumerate(order)}
    return sorted(rows, key=lambda row: (place.get(row.region, len(order)), row.region, row.group, row.machine))


def _row(machine: Machine, run: LaneRun | None, back: LaneRun | None, record: Record) -> Row:
    latest = back or run
    answer = record.baseline.get(machine.id)
    latency = latest.latency_s if latest and latest.latency_s is not None else answer.latency_s if answer else None
    fate, why = _fate(machine, run, back)
    if fate == "restored" and machine.id in record.replaced:
        why = f"in the place of {record.replaced[machine.id]}, which was destroyed"
    if machine.id in {each.machine for each in record.plan.left_out}:
        why = "left out"
    before = record.before.get(machine.id)
    if fate == "unchanged" and before is not None and machine.cordoned != before.cordoned:
        fate, why = "unverified", CLOSED if machine.cordoned else "it is no longer cordoned"
    if fate == "unchanged" and before is None and machine.metadata.get(ROLLOUT) == record.id:
        # One whose making was answered by nobody, or somebody's copy of a new one: nobody has verified it.
        fate, why = "unverified", APPEARED
    return Row(
        region=machine.region,
        group=machine.group,
        machine=machine.id,
        release=machine.release,
        image=machine.digest or machine.image,
        state=machine.state,
        fate=fate,
        health=_health(machine, fate, answer is None or answer.ok or latest is not None),
        latency_s=latency,
        why=why,
    )


def _fate(machine: Machine, run: LaneRun | None, back: LaneRun | None) -> tuple[str, str]:
    if back is not None:
        return ("restored", "") if back.status == "passed" else ("failed", back.reason or back.busy)
    if run is None or not run.touched or (run.before and run.before.instance_id == machine.instance_id):
        return "unchanged", ""
    if run.proved:
        return "new", ""
    if run.status == "passed":
        return "unverified", "it was still being watched"
    return "failed" if run.status == "failed" else "unverified", run.reason or run.busy


def _health(machine: Machine, fate: str, answered: bool) -> str:
    if fate in ("failed", "unverified"):
        return "unhealthy" if fate == "failed" else "unknown"
    if machine.asleep:
        return "asleep"
    return "healthy" if machine.healthy and answered else "unhealthy"


def _unseen(run: LaneRun, back: LaneRun | None, record: Record) -> Row:
    """Of a machine that nobody could look at: what was proved of it last still counts, and nothing else does."""
    latest, machine, why = back or run, run.machine_id or "", ""
    fate = "unverified" if run.touched or back else "unchanged"
    if latest.proved:
        fate = {"destroy": "destroyed", "restore": "restored"}.get(latest.lane.action, "new")
    elif machine in record.cordoned:
        fate, why = "unverified", CLOSED if machine in record.closed else PERHAPS_CLOSED
    elif not machine and run.touched:
        instead = f" in the place of {run.lane.replaces}" if run.lane.replaces else ""
        why = f"it is not known whether it was created{instead}"
    return Row(run.lane.region, run.lane.group, machine, None, "", "", fate, "unknown", None, why)


def _only_back(machine: str, back: LaneRun, *, seen: bool) -> Row:
    """Of a machine that nothing but the way back was about, and that is not in the last reading."""
    lane, why = back.lane, ""
    if back.status == "passed":
        fate = "restored" if machine == back.machine_id and lane.action == "restore" else "destroyed"
    else:
        fate, why = "missing" if seen else "unverified", back.reason or back.busy
    return Row(lane.region, lane.group, machine, None, "", "", fate, "unknown", None, why)


def _absent(run: LaneRun, back: LaneRun | None, record: Record) -> Row:
    lane = run.lane
    back_itself = back is not None and back.status == "passed" and back.machine_id == run.machine_id
    if back_itself and back is not None and back.lane.action == "restore":
        # Proved a moment ago; only the last look at the fleet did not work.
        return Row(lane.region, lane.group, run.machine_id or "", None, "", "", "restored", "unknown")
    gone = lane.action == "destroy" or (back is not None and back.status == "passed")
    fate = "destroyed" if gone and run.machine_id else "missing"
    why = run.reason
    if fate == "destroyed":
        why = LEFT if _was_left(lane, record.plan) else ""
    return Row(lane.region, lane.group, run.machine_id or "", None, "", "", fate, "unknown", None, why)


def _was_left(lane: Lane, plan: Plan) -> bool:
    """Whether a lane ends what an unfinished rollout had left: a replacement, or the machine of one that is kept."""
    replaced_here = {each.replaces for each in plan.lanes}
    return "leftover" in lane.reasons or ("replaced" in lane.reasons and lane.machine not in replaced_here)
