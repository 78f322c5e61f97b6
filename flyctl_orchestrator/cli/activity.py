"""What `flyo history` tells of secrets and locks is written down when they are changed."""

from __future__ import annotations

from collections.abc import Iterable

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.journals import JournalStore


def note_secrets(context: CommandContext, target: Target, app: str, action: str, names: Iterable[str]) -> None:
    """Write down that secrets were "set" or "unset"; their names alone."""
    environment = context.environment
    _note(
        context, target, app, Activity(environment.clock.now(), who(environment), "secrets", action, ", ".join(names))
    )


def note_lock(context: CommandContext, target: Target, app: str, action: str, about: str) -> None:
    """Write down that the lock was "taken" or "released" by hand, and why, or whose it was."""
    environment = context.environment
    _note(context, target, app, Activity(environment.clock.now(), who(environment), "lock", action, about))


def _note(context: CommandContext, target: Target, app: str, activity: Activity) -> None:
    """That this does not work is worth a warning and no more: what was done is done."""
    log = JournalStore.under(state_directory(context.environment), target.kind, app).activities
    if why := log.add(activity):
        warning = f"warning: 'flyo history' will not know of this ({why}: {log.directory})"
        context.output.say(context.advice(warning))
