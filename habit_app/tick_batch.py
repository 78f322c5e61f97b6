"""Many ticks at once, as a browser's queue sends them: read from JSON, and applied in one transaction.

A batch states how days stand, so applying it twice is the same as once. A browser puts everything that is not yet
known to be saved into each batch and numbers them upwards. A batch that was long under way and arrives after a later
one of the same browser has nothing to add and could only undo what the later one said: it is not applied.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from habit_app.clock import stamp
from habit_app.context import services, signed_in, today_of
from habit_app.days import WINDOW_DAYS, in_window
from habit_app.store import accounts, devices, entries, habits
from habit_app.store.database import Connection
from habit_app.streaks import Streak, measure

MOST_TICKS = 500
LARGEST_BODY = 64_000
# JavaScript counts exactly up to here.
_LARGEST_NUMBER = 2**53 - 1
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadBatch(ValueError):
    """Not a batch; the message says what is wrong with it."""


class OtherUser(Exception):
    """The ticks are of somebody else than who is signed in."""


class Superseded(Exception):
    """A later batch of this browser has been applied.

    Attributes:
        seq: its number.
    """

    def __init__(self, seq: int) -> None:
        """It had number `seq`."""
        super().__init__(seq)
        self.seq = seq


@dataclass(frozen=True)
class Batch:
    """What a browser wants to be true.

    Attributes:
        user: id of the user who ticked.
        device: names the browser; made up by it.
        seq: higher than that of every earlier batch of the browser.
        ticks: done or not, by habit id and day.
    """

    user: str
    device: str
    seq: int
    ticks: dict[tuple[str, date], bool]


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        today: the user's own date now.
        streaks: of every habit of the batch, by id.
        refused: what cannot be ticked, and why.
    """

    user_id: str
    rev: int
    today: date
    streaks: dict[str, Streak]
    refused: dict[tuple[str, date], str]


def read_batch(body: bytes) -> Batch:
    """The batch in a request's body.

    Raises:
        BadBatch: it is not one.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBatch("Send JSON.") from None
    if not isinstance(sent, dict):
        raise BadBatch("Send an object.")
    seq = sent.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq <= _LARGEST_NUMBER:
        raise BadBatch("seq must be a whole number from 1 to 2^53 - 1.")
    user, device = (_id(sent.get(name), name) for name in ("user", "device"))
    return Batch(user, device, seq, _ticks(sent.get("ticks")))


def apply(batch: Batch) -> Outcome:
    """Make the days of a batch as it says; a day that cannot be ticked keeps none of the others.

    Raises:
        SignedOut: nobody is signed in.
        OtherUser: somebody else is.
        Superseded: a later batch of the browser came first; nothing was changed.
    """
    parts = services()
    with parts.store.writing() as link:
        user = signed_in(link)
        if batch.user != user.id:
            raise OtherUser
        at, today = stamp(parts.clock()), today_of(user)
        if not devices.accept(link, user.id, batch.device, batch.seq, at):
            raise Superseded(devices.newest(link, user.id, batch.device))
        mine = {habit.id: habit for habit in habits.of_user(link, user.id)}
        refused = {key: why for key in batch.ticks if (why := _objection(*key, set(mine), today))}
        if _put(link, {key: done for key, done in batch.ticks.items() if key not in refused}, at):
            rev = accounts.touch(link, user.id)
        else:
            # Asked again: the change may be another request's, made since `user` was read.
            rev = accounts.rev(link, user.id)
        touched = {habit for habit, _ in batch.ticks} & set(mine)
        streaks = {id: _streak(link, mine[id], today) for id in sorted(touched)}
        return Outcome(user.id, rev, today, streaks, refused)


def _put(link: Connection, ticks: dict[tuple[str, date], bool], at: str) -> bool:
    """Write the ticks, and say whether that changed anything."""
    changed = [entries.put(link, habit, day, done=done, at=at) for (habit, day), done in ticks.items()]
    return any(changed)


def _streak(link: Connection, habit: habits.Habit, today: date) -> Streak:
    return measure(habit.schedule, entries.of_habit(link, habit.id), today, entries.skipped(link, habit.id))


def _objection(habit: str, day: date, mine: set[str], today: date) -> str:
    if habit not in mine:
        return "You have no such habit."
    return "" if in_window(day, today) else f"Only the last {WINDOW_DAYS} days, up to today, can be ticked."


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadBatch(f"{name} must be 1 to 64 letters, digits, - or _.")
    return value


def _ticks(sent: Any) -> dict[tuple[str, date], bool]:
    """From {"habit": {"2026-01-30": true}}."""
    if not isinstance(sent, dict) or not all(isinstance(days, dict) for days in sent.values()):
        raise BadBatch('Send ticks as {"habit": {"YYYY-MM-DD": true or false}}.')
    if sum(len(days) for days in sent.values()) > MOST_TICKS:
        raise BadBatch(f"Send at most {MOST_TICKS} ticks at once.")
    return {(_id(habit, "habit"), _day(day)): _done(done) for habit, days in sent.items() for day, done in days.items()}


def _day(text: str) -> date:
    # The pattern first: Python also reads dates of other forms, which would be the same day twice.
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadBatch("Write days as YYYY-MM-DD.")


def _done(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadBatch("A day is true (done) or false.")
    return value
