"""Statements that read a user's snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from habit_app.known.snapshot import HabitState, Snapshot
from habit_app.schedule import parse
from habit_app.store import accounts, entries, settled
from habit_app.store.database import Connection, Row
from habit_app.streaks import NOTHING

# Values in one statement; SQLite takes many more, Postgres too.
_AT_ONCE = 500


def read(link: Connection, user_id: str) -> Snapshot | None:
    """The user's snapshot; None when there is no such user.

    The revision is read first: what is read after it can only be newer than it says, never older.
    """
    user = accounts.by_id(link, user_id)
    if user is None:
        return None
    # One statement, so that ticks and what is settled of them belong together; one row for each habit, since making
    # rows is what takes time. A subquery for each habit takes half as long as a join of all entries, which is sorted.
    rows = link.run(
        "SELECT id, name, schedule, settled_until, settled,"
        f" (SELECT {link.join}(day, ' ') FROM entries WHERE habit_id = habits.id AND day > habits.settled_until),"
        f" (SELECT {link.join}(day, ' ') FROM skips WHERE habit_id = habits.id)"
        " FROM habits WHERE user_id = ? AND archived_at IS NULL ORDER BY position, created_at, id",
        user_id,
    )
    habits = tuple(_habit(link, row) for row in rows)
    return Snapshot(user.id, user.zone, user.day_start, user.epoch, user.rev, habits)


def revisions(link: Connection, user_ids: Iterable[str]) -> dict[str, int]:
    """The revision of each of these users that exists."""
    ids = list(user_ids)
    found: dict[str, int] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ", ".join("?" for _ in some)
        found.update((id, int(rev)) for id, rev in link.run(f"SELECT id, rev FROM users WHERE id IN ({marks})", *some))
    return found


def _habit(link: Connection, row: Row) -> HabitState:
    id, name, schedule, until, text, ticked, missed = row
    past = settled.read(until, text, schedule) if text else NOTHING
    days = [_ordinal(day) for day in ticked.split()] if ticked else []
    if text and past is NOTHING:
        # Counted by another schedule: what was left out has to be read after all.
        days = [day.toordinal() for day in entries.of_habit(link, id)]
    first = min(days, default=past.until)
    bits = 0
    for ordinal in days:
        bits |= 1 << (ordinal - first)
    # Of the settled ones nothing is needed.
    skipped = tuple(sorted(day for day in map(_ordinal, missed.split()) if day > past.until)) if missed else ()
    return HabitState(id, name, parse(schedule), past, first, bits, skipped)


@lru_cache(maxsize=4096)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()
