"""What the dashboard shows, worked out from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from habit_app.days import long_name, short_name, window
from habit_app.store.habits import Habit
from habit_app.streaks import Streak, measure


@dataclass(frozen=True)
class Cell:
    """One day of one habit."""

    day: date
    done: bool
    due: bool

    @property
    def mark(self) -> str:
        """What the form sends to make it the other way round."""
        return f"{self.day.isoformat()}:{0 if self.done else 1}"

    @property
    def long_name(self) -> str:
        """For screen readers."""
        return long_name(self.day)

    @property
    def short_name(self) -> str:
        """For the pointer."""
        return short_name(self.day)


@dataclass(frozen=True)
class Row:
    """One habit: its streak and its last days, oldest first, today last."""

    habit: Habit
    streak: Streak
    cells: tuple[Cell, ...]

    @property
    def today(self) -> Cell:
        """Today's cell."""
        return self.cells[-1]


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


def build(habits: Iterable[Habit], ticked: Mapping[str, Iterable[date]], today: date) -> Board:
    """The dashboard for `today`; `ticked` holds all dates ever ticked, by habit id."""
    return Board(today, tuple(_row(habit, set(ticked.get(habit.id, ())), today) for habit in habits))


def _row(habit: Habit, ticked: set[date], today: date) -> Row:
    cells = tuple(Cell(day, day in ticked, habit.schedule.due_on(day)) for day in window(today))
    return Row(habit, measure(habit.schedule, ticked, today), cells)
