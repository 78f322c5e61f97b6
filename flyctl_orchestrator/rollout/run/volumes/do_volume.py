"""Has a volume ready for a new machine, or destroys one that a machine had."""

from __future__ import annotations

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.plan.steps import DestroyVolume, FlyctlCreate, TakeVolume
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun
from flyctl_orchestrator.rollout.run.step_context import StepContext


def do_take_volume(step: TakeVolume, run: LaneRun, ctx: StepContext) -> bool:
    """See that there is a volume for the lane's machine; make one where there is none."""
    if _flyctl_may_take(step, run, ctx):
        ctx.phase(run, "waiting", "for flyctl to have its volumes")
        return False
    if run.lane.machine is None:
        ctx.phase(run, "creating", f"volume {step.name}")
        claim_volume(step, run, ctx)
    return True


def _flyctl_may_take(step: TakeVolume, run: LaneRun, ctx: StepContext) -> bool:
    """Whether flyctl has still to create a machine with such a volume: it takes any that was free when it began."""
    if run.lane.by_flyctl:
        return False
    for other in list(ctx.record.runs.values()):
        ahead = other.lane.steps[other.index :]
        if other.over or not any(isinstance(each, FlyctlCreate) for each in ahead):
            continue
        theirs = [each for each in other.lane.steps if isinstance(each, TakeVolume)]
        if any((each.name, each.region) == (step.name, step.region) for each in theirs):
            return True
    return False


def claim_volume(step: TakeVolume, run: LaneRun, ctx: StepContext) -> str:
    """The id of the volume that the lane's machine is to have. Another machine may have taken the one it had first."""
    rollout = ctx.rollout
    try:
        return ctx.record.volumes.take(step, run.lane.name, rollout.api, rollout.app, ctx.record.journal)
    except ApiError as error:
        if error.ambiguous:
            # It may have been made; the next look at the list tells.
            raise Busy(error.what, 2.0) from error
        raise


def do_destroy_volume(step: DestroyVolume, run: LaneRun, ctx: StepContext) -> bool:
    """Destroy a volume once the platform has taken it from its machine."""
    ctx.phase(run, "destroying", f"volume {step.volume}")
    ctx.rollout.api.volumes.destroy(ctx.rollout.app, step.volume)
    return True
