"""Statements about habits. Every one names the user, so nobody can reach what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass

from habit_app.schedule import Schedule, parse
from habit_app.store import settled
from habit_app.store.database import Connection

MOST_HABITS = 100


@dataclass(frozen=True)
class Habit:
    """One habit of one user."""

    id: str
    name: str
    schedule: Schedule
    archived: bool


_COLUMNS = "id, name, schedule, archived_at"


def of_user(link: Connection, user_id: str, *, archived: bool = False) -> list[Habit]:
    """A user's habits in the order they were made: the current ones, or the archived ones."""
    which = "IS NOT NULL" if archived else "IS NULL"
    rows = link.run(
        f"SELECT {_COLUMNS} FROM habits WHERE user_id = ? AND archived_at {which} ORDER BY created_at, id", user_id
    )
    return [_habit(*row) for row in rows]


def find(link: Connection, user_id: str, id: str) -> Habit | None:
    """One habit of a user."""
    rows = link.run(f"SELECT {_COLUMNS} FROM habits WHERE id = ? AND user_id = ?", id, user_id)
    return _habit(*rows[0]) if rows else None


def count(link: Connection, user_id: str) -> int:
    """How many habits a user has, archived ones too."""
    return int(link.run("SELECT count(*) FROM habits WHERE user_id = ?", user_id)[0][0])


def add(link: Connection, *, id: str, user_id: str, name: str, schedule: Schedule, at: str) -> None:
    """Add a habit. Call `accounts.touch` in the same transaction, here and below."""
    link.run(
        "INSERT INTO habits (id, user_id, name, schedule, created_at) VALUES (?, ?, ?, ?, ?)",
        *(id, user_id, name, schedule.store(), at),
    )


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
    return bool(
        link.run("UPDATE habits SET archived_at = ? WHERE id = ? AND user_id = ? RETURNING id", at, id, user_id)
    )


def _habit(id: str, name: str, schedule: str, archived_at: str | None) -> Habit:
    return Habit(id, name, parse(schedule), archived_at is not None)
