"""One line of an app's logs for a person."""

from __future__ import annotations

from flyctl_orchestrator.fleet.log_pages import LogLine
from flyctl_orchestrator.report.line import Line, Span, Tone

TONES: dict[str, Tone] = {"error": "bad", "fatal": "bad", "warn": "warn", "warning": "warn"}


def log_line(line: LogLine) -> Line:
    """When, where, and what; the level only where it is not the usual one."""
    where = " ".join(part for part in (line.region, line.machine) if part)
    level = f" [{line.level}]" if line.level not in ("", "info") else ""
    return Line.of(Span(f"{line.ts} {where}", "quiet"), Span(level, TONES.get(line.level, "plain")), f" {line.message}")
