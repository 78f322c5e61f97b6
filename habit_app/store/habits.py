"""Statements about habits. Every one names the user, so nobody can reach what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass

from habit_app.schedule import Schedule, parse
from habit_app.store import settled
from habit_app.store.database import Connection

MOST_HABITS = 100
# Put away or deleted ones, which are kept for a while or for good.
MOST_KEPT = 500


@dataclass(frozen=True)
class Habit:
    """One habit of one user."""

    id: str
    name: str
    schedule: Schedule
    archived: bool
    deleted: bool = False


_COLUMNS = "id, name, schedule, archived_at, deleted_at"
_ORDER = "ORDER BY position, created_at, id"


def of_user(link: Connection, user_id: str) -> list[Habit]:
    """A user's current habits in their order."""
    rows = link.run(f"SELECT {_COLUMNS} FROM habits WHERE user_id = ? AND archived_at IS NULL {_ORDER}", user_id)
    return [_habit(*row) for row in rows]


def put_away(link: Connection, user_id: str) -> list[Habit]:
    """A user's archived and deleted habits."""
    rows = link.run(f"SELECT {_COLUMNS} FROM habits WHERE user_id = ? AND archived_at IS NOT NULL {_ORDER}", user_id)
    return [_habit(*row) for row in rows]


def find(link: Connection, user_id: str, id: str) -> Habit | None:
    """One habit of a user."""
    rows = link.run(f"SELECT {_COLUMNS} FROM habits WHERE id = ? AND user_id = ?", id, user_id)
    return _habit(*rows[0]) if rows else None


def count(link: Connection, user_id: str) -> int:
    """How many current habits a user has."""
    return int(link.run("SELECT count(*) FROM habits WHERE user_id = ? AND archived_at IS NULL", user_id)[0][0])


def has_room(link: Connection, user_id: str) -> bool:
    """Whether the user may have one more current habit, and the database keep one more."""
    return count(link, user_id) < MOST_HABITS and has_shelf(link, user_id)


def has_shelf(link: Connection, user_id: str) -> bool:
    """Whether the database keeps one more of the user's, current or not."""
    return int(link.run("SELECT count(*) FROM habits WHERE user_id = ?", user_id)[0][0]) < MOST_HABITS + MOST_KEPT


def add(link: Connection, *, id: str, user_id: str, name: str, schedule: Schedule, at: str) -> bool:
    """Add a habit after the others; False when there is one with that id.

    Call `accounts.touch` in the same transaction, here and below.
    """
    rows = link.run(
        "INSERT INTO habits (id, user_id, name, schedule, created_at, position) SELECT ?, ?, ?, ?, ?,"
        " coalesce(max(position), 0) + 1 FROM habits WHERE user_id = ? ON CONFLICT (id) DO NOTHING RETURNING id",
        *(id, user_id, name, schedule.store(), at, user_id),
    )
    return bool(rows)


def move(link: Connection, user_id: str, id: str, by: int) -> bool:
    """Move a current habit up (`by` -1) or down (1); False when the user has none with that id."""
    order = [habit.id for habit in of_user(link, user_id)]
    if id not in order:
        return False
    at = order.index(id)
    order.insert(max(0, at + by), order.pop(at))
    for position, each in enumerate(order, 1):
        link.run("UPDATE habits SET position = ? WHERE id = ?", position, each)
    return True


def change(link: Connection, user_id: str, id: str, name: str, schedule: Schedule) -> bool:
    """Rename and reschedule; False when the user has no such habit."""
    rows = link.run(
        "UPDATE habits SET name = ?, schedule = ? WHERE id = ? AND user_id = ? RETURNING id",
        *(name, schedule.store(), id, user_id),
    )
    if rows:
        settled.start_again(link, id)
    return bool(rows)


def set_archived(link: Connection, user_id: str, id: str, at: str | None) -> bool:
    """Archive at an instant, or bring back with None; False when the user has no such habit."""
    rows = link.run(
        "UPDATE habits SET archived_at = ?, deleted_at = NULL WHERE id = ? AND user_id = ? RETURNING id",
        *(at, id, user_id),
    )
    return bool(rows)


def delete(link: Connection, user_id: str, id: str, at: str) -> bool:
    """Delete for now: the habit can be brought back until `purge`; False when the user has no such habit."""
    rows = link.run(
        "UPDATE habits SET archived_at = ?, deleted_at = ? WHERE id = ? AND user_id = ? RETURNING id",
        *(at, at, id, user_id),
    )
    return bool(rows)


def purge(link: Connection, user_id: str, before: str) -> None:
    """Delete for good what was deleted before an instant."""
    link.run("DELETE FROM habits WHERE user_id = ? AND deleted_at < ? AND archived_at IS NOT NULL", user_id, before)


def _habit(id: str, name: str, schedule: str, archived_at: str | None, deleted_at: str | None) -> Habit:
    # The release before brings back without knowing of the second one.
    return Habit(id, name, parse(schedule), archived_at is not None, archived_at is not None and deleted_at is not None)
