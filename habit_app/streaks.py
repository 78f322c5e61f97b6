"""How long a habit has been kept: the current streak and the best one, over its whole history.

Every schedule is turned into one row of numbered turns (days, scheduled days, or weeks), so that a streak is simply a
run of consecutive numbers. All arithmetic is on dates: a clock that jumps for summer time cannot break a streak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from habit_app.schedule import Schedule


@dataclass(frozen=True)
class Streak:
    """How a habit stands.

    Attributes:
        current: turns kept in a row up to now; a turn that can still be kept does not end it.
        best: the longest row ever; never less than `current`.
        unit: what one turn is.
    """

    current: int
    best: int
    unit: Literal["day", "week"]

    def text(self) -> str:
        """For people: "12-day streak", or an encouragement when there is none."""
        return f"{self.current}-{self.unit} streak" if self.current else "No streak yet"


def measure(schedule: Schedule, done: Iterable[date], today: date) -> Streak:
    """The streaks of a habit.

    Args:
        schedule: as it is now; the past is judged by it too.
        done: dates ticked, in any order, duplicates and dates after today ignored.
        today: the user's own date.
    """
    past = {day for day in done if day <= today}
    if schedule.kind == "week":
        kept = {week for week, count in Counter(map(_week, past)).items() if count >= schedule.times}
        return _runs(kept, _week(today), still_open=True, unit="week")
    if schedule.kind == "days":
        kept = {_turn(day, schedule.weekdays) for day in past if schedule.due_on(day)}
        return _runs(kept, _turn(today, schedule.weekdays), still_open=schedule.due_on(today), unit="day")
    return _runs({day.toordinal() for day in past}, today.toordinal(), still_open=True, unit="day")


def _week(day: date) -> int:
    """Number of the calendar week (Monday to Sunday) that holds `day`."""
    return (day.toordinal() - 1) // 7


def _turn(day: date, weekdays: tuple[int, ...]) -> int:
    """Number of the last scheduled day up to and including `day`."""
    return _week(day) * len(weekdays) + sum(weekday <= day.weekday() for weekday in weekdays) - 1


def _runs(kept: set[int], now: int, *, still_open: bool, unit: Literal["day", "week"]) -> Streak:
    if still_open and now not in kept:
        now -= 1
    best = max((_run_ending(kept, turn) for turn in kept if turn + 1 not in kept), default=0)
    return Streak(_run_ending(kept, now), best, unit)


def _run_ending(kept: set[int], turn: int) -> int:
    length = 0
    while turn - length in kept:
        length += 1
    return length
