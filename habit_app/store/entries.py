"""Statements about ticks."""

from __future__ import annotations

from datetime import date

from habit_app.store import settled
from habit_app.store.database import Connection


def of_habit(link: Connection, habit_id: str) -> list[date]:
    """Every date one habit was ticked."""
    return [date.fromisoformat(day) for (day,) in link.run("SELECT day FROM entries WHERE habit_id = ?", habit_id)]


def put(link: Connection, habit_id: str, day: date, *, done: bool, at: str) -> bool:
    """Make a day ticked or not, and say whether that changed anything. Doing it twice is the same as once."""
    if done:
        statement = (
            "INSERT INTO entries (habit_id, day, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING day"
        )
        rows = link.run(statement, habit_id, day.isoformat(), at)
    else:
        rows = link.run("DELETE FROM entries WHERE habit_id = ? AND day = ? RETURNING day", habit_id, day.isoformat())
    if rows:
        settled.follow(link, habit_id, day)
    return bool(rows)
