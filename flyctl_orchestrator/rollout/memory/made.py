"""Which machines a killed rollout has made."""

from __future__ import annotations

import re
from collections.abc import Callable

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.marks import CREATED
from flyctl_orchestrator.rollout.memory.past import Past
from flyctl_orchestrator.rollout.steps import FlyctlCreate

ROLLOUT_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""How ids of rollouts look (journal.py); tags that begin otherwise are not a rollout's."""


def maker(machine: Machine) -> str:
    """Id of the rollout that created a machine, "" when none did or nobody knows."""
    rollout = machine.metadata.get(CREATED, "").partition("/")[0]
    return rollout if ROLLOUT_ID.fullmatch(rollout) else ""


def made_since(past: Past) -> Callable[[Machine], bool]:
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
