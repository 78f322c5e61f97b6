"""When a habit is due: every day, on chosen weekdays, or a number of times a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

Kind = Literal["daily", "days", "week"]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class BadSchedule(ValueError):
    """The schedule makes no sense; the message says why, for the person who typed it."""


@dataclass(frozen=True)
class Schedule:
    """One habit's schedule.

    Attributes:
        kind: "daily", "days" (chosen weekdays) or "week" (a number of times in a calendar week).
        weekdays: for "days": 0 is Monday, 6 is Sunday; ascending.
        times: for "week": 1 to 7.
    """

    kind: Kind = "daily"
    weekdays: tuple[int, ...] = ()
    times: int = 0

    def store(self) -> str:
        """As kept in the database: "daily", "days:024" or "week:3"."""
        if self.kind == "days":
            return "days:" + "".join(str(day) for day in self.weekdays)
        return f"week:{self.times}" if self.kind == "week" else "daily"

    def due_on(self, day: date) -> bool:
        """Whether a tick on `day` counts. A weekly habit may be done on any day."""
        return self.kind != "days" or day.weekday() in self.weekdays

    def label(self) -> str:
        """For people: "Every day", "Mon, Wed, Fri" or "3 times a week"."""
        if self.kind == "days":
            return ", ".join(WEEKDAYS[day] for day in self.weekdays)
        if self.kind == "week":
            return "Once a week" if self.times == 1 else f"{self.times} times a week"
        return "Every day"

    def unit(self) -> Literal["day", "week"]:
        """What its streak is counted in."""
        return "week" if self.kind == "week" else "day"


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    """The schedule behind a text made by `Schedule.store`.

    Raises:
        BadSchedule: no such schedule.
    """
    kind, _, detail = text.partition(":")
    if kind == "days":
        return on_weekdays([int(digit) for digit in detail if digit.isdecimal()])
    if kind == "week":
        return times_a_week(int(detail) if detail.isdecimal() else 0)
    if text == "daily":
        return Schedule()
    raise BadSchedule(f"There is no schedule called {text!r}.")


def on_weekdays(weekdays: list[int]) -> Schedule:
    """A schedule for chosen weekdays (0 is Monday); all seven is simply every day.

    Raises:
        BadSchedule: none chosen, or not a weekday.
    """
    chosen = tuple(sorted(set(weekdays)))
    if not chosen or chosen[0] < 0 or chosen[-1] > 6:
        raise BadSchedule("Choose at least one day of the week.")
    return Schedule() if len(chosen) == 7 else Schedule("days", weekdays=chosen)


def times_a_week(times: int) -> Schedule:
    """A schedule of `times` days in a calendar week, whichever they are.

    Raises:
        BadSchedule: not between 1 and 7.
    """
    if not 1 <= times <= 7:
        raise BadSchedule("Choose between 1 and 7 times a week.")
    return Schedule("week", times=times)
