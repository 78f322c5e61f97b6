"""What an access log said of where users are, for a person."""

from __future__ import annotations

from flyctl_orchestrator.placement.access_log import LogUsers
from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.numbers import count

MOST_NAMED = 5


def log_lines(log: LogUsers, shown: str) -> list[Line]:
    """How many requests came from where, and what could not be placed."""
    total = sum(log.requests.values())
    named = [f"{place} {100 * requests / total:.0f} %" for place, requests in list(log.requests.items())[:MOST_NAMED]]
    more = f" and {count(len(log.requests) - MOST_NAMED, 'more place')}" if len(log.requests) > MOST_NAMED else ""
    lines = [Line.of(f"{shown}: {count(total, 'request')} from {', '.join(named)}{more}; robots are counted, too")]
    if log.unplaced:
        lines.append(Line.of(f"{shown}: {count(log.unplaced, 'request')} left out that name no place flyo knows"))
    if log.unreadable:
        lines.append(Line.of(f"{shown}: {count(log.unreadable, 'line')} left out that are no request"))
    return lines
