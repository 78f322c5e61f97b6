"""Which rollout a machine says made it, or changed it last."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import CREATED, ROLLOUT

ROLLOUT_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""How ids of rollouts look (journal.py); tags that begin otherwise are not a rollout's."""


def began_at(rollout: str) -> float:
    """When a rollout began, in seconds since the epoch by the clock of its computer, as its id says; 0.0 for no id."""
    if not ROLLOUT_ID.fullmatch(rollout):
        return 0.0
    return datetime.strptime(rollout[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()


def maker(machine: Machine) -> str:
    """Id of the rollout that created a machine, "" when none did or nobody knows."""
    rollout = machine.metadata.get(CREATED, "").partition("/")[0]
    return rollout if ROLLOUT_ID.fullmatch(rollout) else ""


def changed_by(machine: Machine) -> str:
    """Id of the rollout that changed or made a machine last, "" when none did."""
    rollout = machine.metadata.get(ROLLOUT, "")
    return max(rollout if ROLLOUT_ID.fullmatch(rollout) else "", maker(machine))
