"""Finds out what a way back leaves as it is: secrets that are not what they were, and what a release command did."""

from __future__ import annotations

from collections.abc import Iterable

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.state.changed_secrets import changed_secrets
from flyctl_orchestrator.rollout.state.metadata import secrets_digest
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.state.secret_names import fingerprints

# What is amiss with the app itself when a machine fails like this; a secret that is wrong looks no other way.
OF_THE_APP = frozenset({"exited", "failed", "checks", "probe", "passes", "errors", "latency", "traffic"})


def not_taken_back(context: RolloutContext, record: Record, point: RestorePoint, wave: Wave | None) -> NotTakenBack:
    """Compare the secrets of now with those that the machines of a restore point had when they were verified.

    Args:
        wave: the way back; None when nothing goes back.
    """
    try:
        now = [(secret.name, secret.digest) for secret in context.api.list_secrets(context.app)]
    except ApiError as error:
        what = f"{error.what}; whether they have changed is not known"
        context.emit("warning", code="secrets.unread", what=what)
        return NotTakenBack(compared=False, release_command=record.release_command)
    found = changed_secrets(
        _machines(point, wave),
        secrets_digest(now),
        fingerprints(now),
        context.secrets_at,
        otherwise=record.plan.secrets,
    )
    return NotTakenBack(found.named, found.unnamed, found.compared, record.release_command)


def _machines(point: RestorePoint, wave: Wave | None) -> Iterable[Machine]:
    """Those that are put back; where none is, all of that state, of which the new ones were made."""
    back = {lane.machine for lane in wave.lanes if lane.action == "restore"} if wave else set()
    return [machine for id, machine in point.machines.items() if id in back] or list(point.machines.values())


def may_be_secrets(code: str, found: NotTakenBack) -> bool:
    """Whether a failure may come from secrets that have changed.

    Args:
        code: of the failure.
    """
    if not found.secrets and not found.unnamed:
        return False
    return code in OF_THE_APP or (code == "flyctl" and found.release_command == "begun")
