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
        week_done, week_needed: of a number of times a week: so often this week, and so often to be done; else 0.
    """

    current: int
    best: int
    unit: Literal["day", "week"]
    week_done: int = 0
    week_needed: int = 0

    def text(self) -> str:
        """For people: "12-day streak", or that there is none; so many times a week: "1 of 2 this week"."""
        if not self.week_needed:
            return f"{self.current}-{self.unit} streak" if self.current else "No streak yet"
        start = f"{min(self.week_done, self.week_needed)} of {self.week_needed} this week"
        return f"{start} · {self.current}-{self.unit} streak" if self.current else start


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


def settle(
    schedule: Schedule, before: Settled, days: Iterable[int], until: date, skipped: Iterable[int] = ()
) -> Settled:
    """`before`, and the days after it up to `until`, in one.

    Args:
        days: ordinals of the dates ticked after `before.until` and not after `until`.
        until: a Sunday, so that no week is counted in part.
        skipped: ordinals of the dates skipped among them.
    """
    best, turn, run = _counted(before, *_kept(schedule, days, skipped))
    return Settled(until.toordinal(), best, turn, run)


def measure(schedule: Schedule, done: Iterable[date], today: date, skipped: Iterable[date] = ()) -> Streak:
    """The streaks of a habit.

    Args:
        schedule: as it is now; the past is judged by it too.
        done: dates ticked, in any order, duplicates and dates after today ignored.
        today: the user's own date.
        skipped: dates that neither help nor hurt, unless they were ticked.
    """
    days, skips = [day.toordinal() for day in done], [day.toordinal() for day in skipped]
    return measure_from(schedule, NOTHING, days, today, skips)


def measure_from(
    schedule: Schedule, settled: Settled, recent: Iterable[int], today: date, skipped: Iterable[int] = ()
) -> Streak:
    """The streaks of a habit whose older days are settled.

    Args:
        settled: by the same schedule.
        recent: ordinals of the dates ticked after `settled.until`; otherwise as for `measure`.
        skipped: ordinals of the dates skipped after it.
    """
    now = today.toordinal()
    days, skips = {day for day in recent if day <= now}, {day for day in skipped if day <= now}
    best, turn, run = _counted(settled, *_kept(schedule, days, skips))
    due = _turn_of(schedule, now)
    # A turn that can still be kept, and one that is not due today, does not end the streak.
    still_open = schedule.kind != "days" or schedule.due_on(today)
    current = run if run and (turn == due or (still_open and turn == due - 1)) else 0
    if schedule.kind != "week":
        return Streak(current, best, schedule.unit())
    this = range(now - (now - 1) % 7, now + 1)
    needed = _needed(schedule, sum(day in skips and day not in days for day in this))
    return Streak(current, best, schedule.unit(), sum(day in days for day in this), needed)


def _counted(before: Settled, kept: Iterable[int], bridged: set[int]) -> tuple[int, int, int]:
    """Best run, last turn of it and its length, going on from `before` with ascending turns.

    A turn that was skipped is passed over: what comes after it goes on with the run.
    """
    best, turn, run = before.best, before.turn, before.run
    for number in kept:
        if number in bridged:
            turn = number if run and number == turn + 1 else turn
            continue
        run = run + 1 if run and number == turn + 1 else 1
        turn = number
        if run > best:  # not max(): this is run for every day of every habit that is drawn
            best = run
    return best, turn, run


def _kept(schedule: Schedule, days: Iterable[int], skipped: Iterable[int] = ()) -> tuple[list[int], set[int]]:
    """Numbers of the turns that these days keep or skip, ascending; and which of them are only skipped."""
    past = set(days)
    skips = set(skipped) - past
    if schedule.kind == "week":
        counts, missed = Counter(map(_week, past)), Counter(map(_week, skips))
        bridged = {week for week in missed if not _needed(schedule, missed[week]) and not counts[week]}
        kept = [week for week, count in counts.items() if count >= _needed(schedule, missed[week])]
        return sorted([*kept, *bridged]), bridged
    if schedule.kind == "days":
        due = [day for day in skips if (day - 1) % 7 in schedule.weekdays]
        bridged = {_turn_of(schedule, day) for day in due}
        kept = [_turn_of(schedule, day) for day in past if (day - 1) % 7 in schedule.weekdays]
        return sorted([*kept, *bridged]), bridged
    return sorted(past | skips), skips


def _needed(schedule: Schedule, skipped: int) -> int:
    """How often a week of a weekly habit has to be done when so many of its days are skipped."""
    return min(schedule.times, 7 - skipped)


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
