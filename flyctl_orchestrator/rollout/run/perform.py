"""Does a step, whatever kind it is: the one place that says which function does which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flyctl_orchestrator.rollout.plan import steps
from flyctl_orchestrator.rollout.plan.steps import Step
from flyctl_orchestrator.rollout.run.do_create import do_copy, do_create, do_destroy
from flyctl_orchestrator.rollout.run.do_flyctl import do_flyctl_create, do_flyctl_update
from flyctl_orchestrator.rollout.run.do_gate import do_gate
from flyctl_orchestrator.rollout.run.do_replace import (
    do_await_propagation,
    do_await_replacement,
    do_clone,
    do_cordon,
    do_flyctl_configure,
    do_recreate,
    do_stop,
    do_uncordon,
)
from flyctl_orchestrator.rollout.run.do_sleep import do_put_to_sleep, do_wake
from flyctl_orchestrator.rollout.run.do_update import do_restore, do_set_primary_region, do_update
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.standby.do_standbys import do_set_standbys
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.run.volumes.do_volume import do_destroy_volume, do_take_volume

Perform = Callable[[Any, LaneRun, StepContext], bool]
"""Does what it can of a step at this moment; tells whether the step is done."""

PERFORM: Mapping[type[Step], Perform] = {
    steps.FlyctlUpdate: do_flyctl_update,
    steps.FlyctlCreate: do_flyctl_create,
    steps.SetPrimaryRegion: do_set_primary_region,
    steps.SetStandbys: do_set_standbys,
    steps.TakeVolume: do_take_volume,
    steps.DestroyVolume: do_destroy_volume,
    steps.UpdateMachine: do_update,
    steps.CreateMachine: do_create,
    steps.CopyMachine: do_copy,
    steps.CloneMachine: do_clone,
    steps.FlyctlConfigure: do_flyctl_configure,
    steps.RecreateMachine: do_recreate,
    steps.RestoreMachine: do_restore,
    steps.DestroyMachine: do_destroy,
    steps.Wake: do_wake,
    steps.Gate: do_gate,
    steps.Uncordon: do_uncordon,
    steps.AwaitPropagation: do_await_propagation,
    steps.Cordon: do_cordon,
    steps.AwaitReplacement: do_await_replacement,
    steps.StopMachine: do_stop,
    steps.PutToSleep: do_put_to_sleep,
}


def perform(step: Step, run: LaneRun, ctx: StepContext) -> bool:
    """Do what can be done of a lane's step at this moment.

    Returns: whether the step is done; else it is tried again at a later moment.

    Raises:
        Busy: somebody else is at it, or the platform asks to come back later.
        StepFailed, StepInconclusive: the lane ends here.
        ApiError: the platform refused.
    """
    return PERFORM[type(step)](step, run, ctx)
