"""`flyo history` for a person."""

from __future__ import annotations

import time
from collections.abc import Sequence

from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.numbers import duration
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, render
from flyctl_orchestrator.rollout.journal.history import HistoryEntry

GOOD = ("done", "resumed", "nothing", "complete")
BAD = ("mixed", "failed", "inconclusive", "unfinished", "interrupted")
TITLES = ("when", "rollout", "release", "who", "what", "waves", "outcome", "exit", "took")


def history_lines(rows: Sequence[HistoryEntry], style: Style, width: int | None) -> list[Line]:
    """A table with a row for each thing that was done, and what ways back have left as it was."""
    table = render([Column(title) for title in TITLES], [_cells(row) for row in rows], style, width)
    return table + [Line.of(f"{row.id}: {row.not_taken_back}") for row in rows if row.not_taken_back]


def _about(row: HistoryEntry) -> str:
    about = (row.about.rpartition("/")[2] if row.about == row.image else row.about) or "-"
    return f"{about} ({row.times} times)" if row.times > 1 else about


def _cells(row: HistoryEntry) -> list[Span | str]:
    tone: Tone = "good" if row.outcome in GOOD else "bad" if row.outcome in BAD else "plain"
    outcome = row.outcome if row.kind in ("deploy", "rollout", "release") else f"{row.kind} {row.outcome}"
    return [
        time.strftime("%Y-%m-%d %H:%M", time.localtime(row.at)),
        Span(row.id or "-", "strong"),
        f"v{row.release}" if row.release is not None else "-",
        row.who or "-",
        _about(row),
        "-" if row.waves is None else str(row.waves),
        Span(outcome, tone),
        "-" if row.exit is None else str(row.exit),
        "-" if row.seconds is None else duration(row.seconds),
    ]
