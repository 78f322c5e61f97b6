"""Which machines a killed rollout has made."""

from __future__ import annotations

from collections.abc import Callable

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.steps import FlyctlCreate
from flyctl_orchestrator.rollout.state.rollout_ids import maker


def made_since(past: PastRollout) -> Callable[[Machine], bool]:
    """Says of a machine that was not there before whether `past`, or a run that carried it on, has made it.

    flyctl's machines carry no tag in their first moment; they are known by their place.
    """
    places = {
        (step.region, step.group)
        for lane in (past.plan.lanes if past.plan else ())
        for step in lane.steps
        if isinstance(step, FlyctlCreate)
    }

    def made(machine: Machine) -> bool:
        by = maker(machine)
        return by >= past.id if by else (machine.region, machine.group) in places

    return made
