"""Everything that is kept of one user, for themselves."""

from __future__ import annotations

from typing import Any

from habit_app.store.accounts import User
from habit_app.store.database import Connection


def of_user(link: Connection, user: User) -> dict[str, Any]:
    """The account and all habits, also the archived ones, with every day ticked; ready for JSON.

    Schedules are written as `Schedule.store` does; instants are in UTC, days in the user's own calendar.
    """
    skipped = _days(link, "skips", user.id)
    notes: dict[str, dict[str, str]] = {}
    for habit, day, note in link.run(
        "SELECT habit_id, day, note FROM notes JOIN habits ON habits.id = notes.habit_id WHERE habits.user_id = ?"
        " ORDER BY day",
        user.id,
    ):
        notes.setdefault(habit, {})[day] = note
    created = link.run("SELECT created_at FROM users WHERE id = ?", user.id)[0][0]
    habits = link.run(
        "SELECT id, name, schedule, created_at, archived_at, deleted_at FROM habits WHERE user_id = ?"
        " ORDER BY position, created_at, id",
        user.id,
    )
    days = _days(link, "entries", user.id)
    return {
        "format": "habits 1",
        "name": user.name,
        "created": created,
        "zone": user.zone,
        "day_start": user.day_start,
        "habits": [
            {
                "name": name,
                "schedule": schedule,
                "created": made,
                "archived": archived,
                "deleted": deleted if archived else None,
                "done": days.get(id, []),
                "skipped": skipped.get(id, []),
                "notes": notes.get(id, {}),
            }
            for id, name, schedule, made, archived, deleted in habits
        ],
    }


def _days(link: Connection, table: str, user_id: str) -> dict[str, list[str]]:
    """The days in a table of days, by habit."""
    days: dict[str, list[str]] = {}
    for habit, day in link.run(
        f"SELECT {table}.habit_id, {table}.day FROM {table} JOIN habits ON habits.id = {table}.habit_id"
        f" WHERE habits.user_id = ? ORDER BY {table}.day",
        user_id,
    ):
        days.setdefault(habit, []).append(day)
    return days
