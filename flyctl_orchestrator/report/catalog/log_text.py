"""What an access log said of where users are, for a person."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.placement.access_log import LogUsers
from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.numbers import count

MOST_NAMED = 5


def came_in_lines(requests: Mapping[str, int], unplaced: int, app: str, days: int) -> list[Line]:
    """How many requests of an app came in where, by Fly.io's count; none of them of an app nobody asked."""
    most_first = sorted(requests, key=lambda code: (-requests[code], code))
    total = sum(requests.values())
    named = [f"{code or '?'} {100 * requests[code] / total:.0f} %" for code in most_first[:MOST_NAMED]]
    more = f" and {count(len(requests) - MOST_NAMED, 'more region')}" if len(requests) > MOST_NAMED else ""
    said = f"{app}: {total:,} requests in {count(days, 'day')} came in by {', '.join(named)}{more}"
    lines = [Line.of(f"{said}; robots are counted, too")]
    if unplaced:
        lines.append(Line.of(f"{app}: {unplaced:,} left out that came in by no region flyo knows"))
    return lines


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
