"""Wakes a machine to look at it, and puts it back to sleep as it was found."""

from __future__ import annotations

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.plan.steps import PutToSleep, Wake
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.step_context import StepContext, patient

# Seconds. Suspending has been seen to take longer than 15 s (Fly's community forum, thread 26623).
PATIENCE = 60.0


def do_wake(step: Wake, run: LaneRun, ctx: StepContext) -> bool:
    """Start or resume the machine; the gate waits until it runs."""
    assert run.machine_id is not None
    ctx.phase(run, "waking")
    ctx.rollout.api.start(ctx.rollout.app, run.machine_id)
    ctx.acted(run)
    return True


def do_put_to_sleep(step: PutToSleep, run: LaneRun, ctx: StepContext) -> bool:
    """Stop or suspend the machine. That it will not sleep is worth a warning, not a rollback."""
    assert run.machine_id is not None
    if run.tries == 1:
        run.deadline = ctx.now + PATIENCE
        ctx.phase(run, "sleeping")
        return not _send_to_sleep(step, run, ctx)
    if ctx.now >= (run.deadline or 0.0):
        what = f"it passed the gate, but is still not {step.state} after {PATIENCE:.0f} s"
        ctx.rollout.emit("warning", code="awake", machine=run.machine_id, what=what)
        return True
    if not ctx.fresh(run):
        return False
    machine = ctx.seen(run)
    if machine is None:
        return False
    run.last_seen = machine
    if machine.state in ("stopped", "suspended"):
        ctx.phase(run, "asleep", machine.state)
        return True
    if machine.state == "started":
        # The call was refused or a request has woken it; ask again.
        return not _send_to_sleep(step, run, ctx, started=True)
    return False


def _send_to_sleep(step: PutToSleep, run: LaneRun, ctx: StepContext, *, started: bool = False) -> bool:
    """Ask for it; False when the platform will never do it.

    Args:
        started: whether it has just been seen started: its state is then no reason to refuse it.
    """
    api, app, machine = ctx.rollout.api, ctx.rollout.app, run.machine_id or ""
    ctx.acted(run)
    try:
        if step.state == "suspended":
            api.suspend(app, machine)
        else:
            api.stop(app, machine)
    except ApiError as error:
        if patient(error) is not None and not (started and error.kind == "precondition"):
            return True
        # Not every machine can be suspended (swap, memory, schedule); Fly's own proxy stops those, too.
        code = "stopped_instead" if step.state == "suspended" else "awake"
        then = "it is stopped instead" if step.state == "suspended" else "it stays awake"
        ctx.rollout.emit("warning", code=code, machine=machine, what=f"{error.what}; {then}")
        if step.state != "suspended":
            return False
        return _send_to_sleep(PutToSleep("stopped"), run, ctx)
    return True
