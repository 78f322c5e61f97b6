"""A habit's own page: a year by weeks, and the same year in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from habit_app.days import short_name
from habit_app.schedule import Schedule
from habit_app.store.entries import History
from habit_app.streaks import Streak, measure
from habit_app.strength import strength
from habit_app.wording.counted import counted


@dataclass(frozen=True)
class Cell:
    """One day of the year's picture.

    Attributes:
        kind: "done", "skipped", "open", "off" (not due) or "out" (after today, or another year's).
        title: what it is, in words.
        text: the day's number; the month's name on its first day.
    """

    kind: str
    title: str
    text: str


@dataclass(frozen=True)
class Month:
    """One month in words: "12 of 31: done on 1, 2, 5 to 9; skipped on 10"."""

    name: str
    text: str


@dataclass(frozen=True)
class Year:
    """What the page shows."""

    year: int
    streak: Streak
    percent: int
    total: int
    cells: tuple[Cell, ...]
    months: tuple[Month, ...]
    earlier: int | None
    later: int | None


def build(schedule: Schedule, history: History, year: int, today: date) -> Year:
    """The page for a year, up to `today`."""
    first, last = date(year, 1, 1), min(date(year, 12, 31), today)
    # Whole weeks, so that the days of one weekday stand in one row.
    start = first - timedelta(days=first.weekday())
    days = [start + timedelta(days=number) for number in range((last - start).days + 1)]
    years = [day.year for day in (*history.done, *history.skipped, *history.notes)]
    return Year(
        year=year,
        streak=measure(schedule, history.done, today, history.skipped),
        percent=round(100 * strength(schedule, history.done, history.skipped, today)),
        total=sum(day <= today for day in history.done),
        cells=tuple(_cell(schedule, history, day, year) for day in days),
        months=tuple(_months(history, [day for day in days if day.year == year])),
        earlier=year - 1 if any(each < year for each in years) else None,
        later=year + 1 if year < today.year else None,
    )


def _cell(schedule: Schedule, history: History, day: date, year: int) -> Cell:
    if day.year != year:
        return Cell("out", "", "")
    state = history.state(day)
    kind = "off" if state == "open" and not schedule.due_on(day) else state
    text = f"{day:%b}" if day.day == 1 else str(day.day)
    return Cell(kind, f"{short_name(day)}: {'not due' if kind == 'off' else state}", text)


def _months(history: History, days: list[date]) -> list[Month]:
    found = []
    for _, group in groupby(days, key=lambda day: day.month):
        month = list(group)
        done = [day.day for day in month if day in history.done]
        skipped = [day.day for day in month if day in history.skipped]
        text = f"{len(done)} of {counted(len(month), 'day')}"
        text += f": done on {_ranges(done)}" if done else ""
        text += f"; skipped on {_ranges(skipped)}" if skipped else ""
        found.append(Month(f"{month[0]:%B}", text))
    return found[::-1]


def _ranges(numbers: list[int]) -> str:
    """For people: "1, 2, 5 to 9"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    texts = []
    for part in parts:
        texts += [f"{part[0]} to {part[-1]}"] if len(part) > 2 else [str(number) for number in part]
    return ", ".join(texts)
