"""Rollouts that have kept events and no journal: they had nothing to do, or ended before their first change."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.cli.past.kept_events import has_journal, kept_rollouts, read_events
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.journal.history import HistoryEntry
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.state.rollout_ids import began_at

KINDS = ("deploy", "scale", "rollback")


def without_journal(journals: JournalStore) -> list[HistoryEntry]:
    """A line of the history for each of them; none for one whose events cannot be read, as `history show` says."""
    found = [_entry(journals, rollout) for rollout in kept_rollouts(journals) if not has_journal(journals, rollout)]
    return [entry for entry in found if entry is not None]


def _entry(journals: JournalStore, rollout: str) -> HistoryEntry | None:
    try:
        events = read_events(journals, rollout)
    except FlyoError:
        return None
    end: dict[str, Any] = next((each for each in reversed(events) if each["event"] == "rollout.finished"), {})
    outcome, what, exit, seconds = (end.get(key) for key in ("result", "what", "exit", "seconds"))
    if not isinstance(outcome, str) or not isinstance(what, str) or not isinstance(exit, int):
        return None
    planned = (each.get("kind") for each in events if each["event"] in ("plan.nothing_to_do", "plan.ready"))
    kind = next((each for each in planned if each in KINDS), "deploy")
    took = float(seconds) if isinstance(seconds, int | float) else None
    return HistoryEntry(
        began_at(rollout), rollout, kind, "", "", outcome, "journal", exit=exit, seconds=took, what=what, about=what
    )
