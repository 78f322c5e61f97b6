"""Waits for what flyctl does to a machine, and takes the machine's word for it, not flyctl's."""

from __future__ import annotations

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.steps import FlyctlCreate, FlyctlUpdate
from flyctl_orchestrator.rollout.run.do_create import create_tag
from flyctl_orchestrator.rollout.run.lane import LaneRun, StepFailed
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.state.metadata import BEFORE, CREATED, ROLLOUT, SLEPT, same_image
from flyctl_orchestrator.rollout.state.restore_point import is_older

RELEASE = "fly_release_id"


def do_flyctl_update(step: FlyctlUpdate, run: LaneRun, ctx: StepContext) -> bool:
    """Wait until flyctl has given the machine its new configuration."""
    before = run.before
    assert before is not None
    run.touched = True
    ctx.phase(run, "updating", "by flyctl")
    machine = ctx.seen(run)
    if machine is None and ctx.snapshot.whole:
        # flyctl replaces a machine whose host is gone or whose volumes changed.
        machine = _newcomer(ctx, before.region, before.group)
    if machine is None or machine.instance_id == before.instance_id:
        give_up_when_flyctl_did(run, ctx)
        return False
    return adopt(run, ctx, machine, before)


def do_flyctl_create(step: FlyctlCreate, run: LaneRun, ctx: StepContext) -> bool:
    """Wait until flyctl has created the first machine of the process group."""
    run.touched = True
    ctx.phase(run, "creating", "by flyctl")
    machine = _newcomer(ctx, step.region, step.group)
    if machine is None:
        give_up_when_flyctl_did(run, ctx)
        return False
    if machine.mounts:
        ctx.record.volumes.settle(run.lane.name, str(machine.mount.get("volume") or ""))
    return adopt(run, ctx, machine, None)


def adopt(run: LaneRun, ctx: StepContext, machine: Machine, before: Machine | None) -> bool:
    """Take a machine for the lane's own, as flyctl has left it.

    Raises:
        StepFailed: it was somebody else who changed it.
    """
    record = ctx.record
    if before is not None and machine.id != before.id:
        record.replaced[machine.id] = before.id
    _tag(machine, before, run, ctx)
    run.machine_id = machine.id
    run.last_seen = machine
    released = before is None or machine.metadata.get(RELEASE) != before.metadata.get(RELEASE)
    if released and record.digest is None:
        # flyctl resolves the reference; what it put on the machine is the image from here on.
        record.ref, record.digest = machine.image, machine.digest
    if released or same_image(machine, record.ref, record.digest):
        marks = [event.timestamp_s for event in machine.events if event.type in ("launch", "update", "create")]
        run.after_event = max([run.after_event, *marks])
        return True
    raise StepFailed("changed_meanwhile", "another client has changed the machine in the meantime")


def _tag(machine: Machine, before: Machine | None, run: LaneRun, ctx: StepContext) -> None:
    """Write down on the machine what flyctl does not: which rollout it was, and what was there before.

    It is how another computer, without the journal, finds its way back.
    """
    tags = {ROLLOUT: ctx.record.id, CREATED: create_tag(ctx.record.id, run.lane.name)}
    if before is not None:
        tags = {BEFORE: before.instance_id, ROLLOUT: ctx.record.id}
        tags |= {SLEPT: before.sleep_state} if before.sleep_state else {}
    try:
        for key, value in tags.items():
            if machine.metadata.get(key) != value:
                ctx.rollout.api.set_metadata(ctx.rollout.app, machine.id, key, value)
    except ApiError as error:
        # The journal knows it, too; only a computer without it would have to go by the machine's versions.
        what = f"{error.what}; that this rollout changed it is only known on this computer"
        ctx.rollout.emit("warning", code="untagged", machine=machine.id, what=what)


def _newcomer(ctx: StepContext, region: str, group: str) -> Machine | None:
    """A machine of a group that was not there before and that no other lane has."""
    record = ctx.record
    taken = {other.machine_id for other in record.runs.values()}
    for machine in ctx.snapshot.machines.values():
        # What a reading has left out is no newcomer for that.
        known = machine.id in record.before or machine.id in taken or is_older(machine, record.began)
        if machine.managed and not known and (machine.region, machine.group) == (region, group):
            return machine
    return None


def give_up_when_flyctl_did(run: LaneRun, ctx: StepContext) -> None:
    """See whether flyctl has ended without doing its part.

    Raises:
        StepFailed: it has.
    """
    flyctl = ctx.flyctl
    if flyctl is None or flyctl.active:
        return
    if not ctx.snapshot.whole or ctx.snapshot.number < flyctl.ended_at:
        return
    if flyctl.complaint:
        raise StepFailed("flyctl", f"flyctl gave up: {flyctl.complaint}")
    raise StepFailed("flyctl", "flyctl reported success, but left the machine as it was")
