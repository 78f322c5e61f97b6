"""What the dashboard shows, worked out from a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from habit_app.days import WINDOW_DAYS, long_name, short_name, window
from habit_app.known.snapshot import HabitState, Snapshot
from habit_app.schedule import Schedule
from habit_app.streaks import Streak, measure_from


@dataclass(frozen=True)
class Today:
    """A habit's button for today."""

    day: date
    done: bool
    due: bool
    skipped: bool = False

    @property
    def mark(self) -> str:
        """What the form sends to make it the other way round."""
        return _mark(self.day, self.done)


@dataclass(frozen=True)
class Row:
    """One habit: its streak, today, and its last days as HTML, buttons with the oldest first and today last."""

    habit: HabitState
    streak: Streak
    today: Today
    cells: str


@dataclass(frozen=True)
class Board:
    """Everything on the page."""

    today: date
    rows: tuple[Row, ...]

    @property
    def due(self) -> int:
        """Habits that can be done today."""
        return sum(row.today.due for row in self.rows)

    @property
    def done(self) -> int:
        """Of those, the ones that are."""
        return sum(row.today.due and row.today.done for row in self.rows)

    @property
    def today_name(self) -> str:
        """The heading."""
        return f"{self.today:%A}, {self.today.day} {self.today:%B}"

    @property
    def span(self) -> str:
        """The days shown: "1 Jan – 30 Jan"."""
        first = window(self.today)[0]
        return f"{first.day} {first:%b} – {self.today.day} {self.today:%b}"


def build(snapshot: Snapshot, today: date) -> Board:
    """The dashboard for `today`."""
    return Board(today, tuple(_row(habit, today) for habit in snapshot.habits))


def _row(habit: HabitState, today: date) -> Row:
    streak = measure_from(habit.schedule, habit.settled, habit.ticked(), today, habit.skipped)
    variants = _buttons(today, habit.schedule)
    bits = habit.since(today.toordinal() - len(variants) + 1)
    cells = "".join([pair[bits >> number & 1] for number, pair in enumerate(variants)])
    done, off = bool(bits >> (len(variants) - 1) & 1), today.toordinal() in habit.skipped
    if habit.skipped:
        cells = _marked(cells, habit, bits, today)
    # What is done often enough this week is not due today, nor is what is skipped.
    enough = bool(streak.week_needed) and streak.week_done >= streak.week_needed
    now = Today(today, done, habit.schedule.due_on(today) and (done or not (off or enough)), off and not done)
    # The template takes it as it is: it is made of dates alone, and nothing in it was typed by anybody.
    return Row(habit, streak, now, cells)


def _marked(cells: str, habit: HabitState, bits: int, today: date) -> str:
    """The cells with the skipped days named as such."""
    first = today.toordinal() - WINDOW_DAYS + 1
    for ordinal in habit.skipped:
        if first <= ordinal <= today.toordinal() and not bits >> (ordinal - first) & 1:
            name = long_name(date.fromordinal(ordinal))
            cells = cells.replace(f'aria-label="{name}"', f'data-skipped aria-label="{name}, skipped"')
    return cells


@lru_cache(maxsize=256)
def _buttons(today: date, schedule: Schedule) -> tuple[tuple[str, str], ...]:
    """For each day shown its button, open and done: the same for every habit of a schedule, so made once."""
    return tuple(
        (_button(day, today, schedule, done=False), _button(day, today, schedule, done=True)) for day in window(today)
    )


def _button(day: date, today: date, schedule: Schedule, *, done: bool) -> str:
    kind = "day" + ("" if schedule.due_on(day) else " off") + (" now" if day == today else "")
    return (
        f'<button class="{kind}" name="mark" value="{_mark(day, done)}" data-day="{day}"'
        f' aria-pressed="{"true" if done else "false"}" aria-label="{long_name(day)}" title="{short_name(day)}">'
        f"{day.day}</button>\n"
    )


def _mark(day: date, done: bool) -> str:
    return f"{day.isoformat()}:{0 if done else 1}"
