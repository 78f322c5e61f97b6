"""What becomes of a day: the one rule behind the form and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from habit_app.clock import stamp
from habit_app.context import services, signed_in, today_of
from habit_app.days import WINDOW_DAYS, in_window
from habit_app.store import accounts, entries, habits
from habit_app.store.entries import State
from habit_app.streaks import Streak, measure


class NoSuchHabit(Exception):
    """The user has no such habit, or has put it away."""


class WrongDay(Exception):
    """The day cannot be ticked; the message says why."""


@dataclass(frozen=True)
class Tick:
    """What a tick led to."""

    user_id: str
    rev: int
    streak: Streak


def set_tick(habit_id: str, day: date, done: bool) -> Tick:
    """Make one day of one of the signed-in user's habits done or not; otherwise as `set_day`."""
    return set_day(habit_id, day, "done" if done else "open")


def set_day(habit_id: str, day: date, state: State, note: str | None = None) -> Tick:
    """Make one day of one of the signed-in user's habits done, skipped or open; doing it again changes nothing.

    Args:
        note: takes the place of the day's note, "" takes it away; None leaves it.

    Raises:
        SignedOut: nobody is signed in.
        NoSuchHabit: not theirs, gone, or archived.
        WrongDay: in the future or too long ago, by the user's own calendar.
    """
    parts = services()
    with parts.store.writing() as link:
        user = signed_in(link)
        habit = habits.find(link, user.id, habit_id)
        if habit is None or habit.archived:
            raise NoSuchHabit
        today = today_of(user)
        if not in_window(day, today):
            raise WrongDay(f"Only the last {WINDOW_DAYS} days, up to today, can be ticked.")
        changed = entries.set_state(link, habit.id, day, state, stamp(parts.clock()))
        if note is not None:
            changed = entries.set_note(link, habit.id, day, note) or changed
        # Asked again when nothing changed: the change may be another request's, made since `user` was read.
        rev = accounts.touch(link, user.id) if changed else accounts.rev(link, user.id)
        found = entries.history(link, habit.id)
        return Tick(user.id, rev, measure(habit.schedule, found.done, today, found.skipped))
