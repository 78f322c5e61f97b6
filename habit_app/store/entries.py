"""Statements about ticks."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from habit_app.store.database import Connection


def of_user(link: Connection, user_id: str) -> dict[str, list[date]]:
    """Every date ticked, by habit id, for the user's habits that are not archived."""
    rows = link.run(
        "SELECT entries.habit_id, entries.day FROM entries JOIN habits ON habits.id = entries.habit_id"
        " WHERE habits.user_id = ? AND habits.archived_at IS NULL",
        user_id,
    )
    found: dict[str, list[date]] = defaultdict(list)
    for habit_id, day in rows:
        found[habit_id].append(date.fromisoformat(day))
    return dict(found)


def of_habit(link: Connection, habit_id: str) -> list[date]:
    """Every date one habit was ticked."""
    return [date.fromisoformat(day) for (day,) in link.run("SELECT day FROM entries WHERE habit_id = ?", habit_id)]


def put(link: Connection, habit_id: str, day: date, *, done: bool, at: str) -> bool:
    """Make a day ticked or not, and say whether that changed anything. Doing it twice is the same as once."""
    if done:
        statement = (
            "INSERT INTO entries (habit_id, day, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING day"
        )
        return bool(link.run(statement, habit_id, day.isoformat(), at))
    return bool(link.run("DELETE FROM entries WHERE habit_id = ? AND day = ? RETURNING day", habit_id, day.isoformat()))
