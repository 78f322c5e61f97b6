"""How strong a habit has become: a number that grows and shrinks slowly, so that one miss costs little.

Each due day takes the strength a step towards 1 or towards 0. For a daily habit half of what is missing is gained in
13 days. A habit that is due more rarely takes larger steps on its fewer days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from math import sqrt

from habit_app.schedule import Schedule

_HALF_LIFE = 13.0


def strength(schedule: Schedule, done: Iterable[date], skipped: Iterable[date], today: date) -> float:
    """The strength at the end of yesterday, or of today if that is done: 0 to 1.

    Days that are skipped or not due change nothing.
    """
    past, missed = {day for day in done if day <= today}, set(skipped)
    if not past:
        return 0.0
    keeps = 0.5 ** (sqrt(_a_day(schedule)) / _HALF_LIFE)
    found, day = 0.0, min(past)
    last = today if today in past else today - timedelta(days=1)
    while day <= last:
        if schedule.due_on(day) and (day in past or day not in missed):
            found = found * keeps + _kept(schedule, past, day) * (1 - keeps)
        day += timedelta(days=1)
    return found


def _a_day(schedule: Schedule) -> float:
    """How often a day it is due, on average."""
    if schedule.kind == "days":
        return len(schedule.weekdays) / 7
    return schedule.times / 7 if schedule.kind == "week" else 1.0


def _kept(schedule: Schedule, done: set[date], day: date) -> float:
    """What a day counts: for a number of times a week, how much of it the last seven days have."""
    if schedule.kind != "week":
        return float(day in done)
    return min(1.0, sum(day - timedelta(days=back) in done for back in range(7)) / schedule.times)
