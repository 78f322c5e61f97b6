"""How long a habit has been kept: the current streak and the best one, over its whole history.

Every schedule is turned into one row of numbered turns (days, scheduled days, or weeks), so that a streak is simply a
run of consecutive numbers. All arithmetic is on dates: a clock that jumps for summer time cannot break a streak.

Days that can no longer be ticked are counted once. What they amount to is kept (`Settled`), and counting goes on from
there, so that ten years cost what a few weeks cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from habit_app.days import WINDOW_DAYS
from habit_app.schedule import Schedule

# A user who travels may have a date one day earlier tomorrow than today; a week more than can be ticked is enough.
_SETTLES_AFTER = timedelta(days=WINDOW_DAYS + 7)


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


@dataclass(frozen=True)
class Settled:
    """What the days of a habit up to a Sunday amount to, by one schedule.

    Attributes:
        until: the last of these days, as `date.toordinal` gives it; 0 when nothing is settled.
        best: the longest run in them.
        turn: number of the last turn that was kept; means nothing when `run` is 0.
        run: how many turns in a row end with it.
    """

    until: int = 0
    best: int = 0
    turn: int = 0
    run: int = 0


NOTHING = Settled()


def settles_until(ticked: date) -> date:
    """The Sunday up to which a habit may be settled when `ticked` is ticked: no tick will ever come before it."""
    last = ticked - _SETTLES_AFTER
    return last - timedelta(days=last.isoweekday() % 7)


def settle(schedule: Schedule, before: Settled, days: Iterable[int], until: date) -> Settled:
    """`before`, and the days after it up to `until`, in one.

    Args:
        days: ordinals of the dates ticked after `before.until` and not after `until`.
        until: a Sunday, so that no week is counted in part.
    """
    best, turn, run = _counted(before, _kept(schedule, days))
    return Settled(until.toordinal(), best, turn, run)


def measure(schedule: Schedule, done: Iterable[date], today: date) -> Streak:
    """The streaks of a habit.

    Args:
        schedule: as it is now; the past is judged by it too.
        done: dates ticked, in any order, duplicates and dates after today ignored.
        today: the user's own date.
    """
    return measure_from(schedule, NOTHING, [day.toordinal() for day in done], today)


def measure_from(schedule: Schedule, settled: Settled, recent: Iterable[int], today: date) -> Streak:
    """The streaks of a habit whose older days are settled.

    Args:
        settled: by the same schedule.
        recent: ordinals of the dates ticked after `settled.until`; otherwise as for `measure`.
    """
    now = today.toordinal()
    best, turn, run = _counted(settled, _kept(schedule, {day for day in recent if day <= now}))
    due = _turn_of(schedule, now)
    # A turn that can still be kept, and one that is not due today, does not end the streak.
    still_open = schedule.kind != "days" or schedule.due_on(today)
    current = run if run and (turn == due or (still_open and turn == due - 1)) else 0
    return Streak(current, best, schedule.unit())


def _counted(before: Settled, kept: Iterable[int]) -> tuple[int, int, int]:
    """Best run, last kept turn and its run, going on from `before` with ascending turns."""
    best, turn, run = before.best, before.turn, before.run
    for number in kept:
        run = run + 1 if run and number == turn + 1 else 1
        turn = number
        best = max(best, run)
    return best, turn, run


def _kept(schedule: Schedule, days: Iterable[int]) -> list[int]:
    """Numbers of the turns that these days keep, ascending."""
    past = set(days)
    if schedule.kind == "week":
        return sorted(week for week, count in Counter(map(_week, past)).items() if count >= schedule.times)
    if schedule.kind == "days":
        return sorted(_turn_of(schedule, day) for day in past if (day - 1) % 7 in schedule.weekdays)
    return sorted(past)


def _turn_of(schedule: Schedule, day: int) -> int:
    """Number of the turn that `day` belongs to; of the last scheduled day up to it."""
    if schedule.kind == "week":
        return _week(day)
    if schedule.kind == "days":
        weekday = (day - 1) % 7
        return _week(day) * len(schedule.weekdays) + sum(each <= weekday for each in schedule.weekdays) - 1
    return day


def _week(day: int) -> int:
    """Number of the calendar week (Monday to Sunday) that holds `day`."""
    return (day - 1) // 7
