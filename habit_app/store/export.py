"""Everything that is kept of one user, for themselves."""

from __future__ import annotations

from typing import Any

from habit_app.store.accounts import User
from habit_app.store.database import Connection


def of_user(link: Connection, user: User) -> dict[str, Any]:
    """The account and all habits, also the archived ones, with every day ticked; ready for JSON.

    Schedules are written as `Schedule.store` does; instants are in UTC, days in the user's own calendar.
    """
    created = link.run("SELECT created_at FROM users WHERE id = ?", user.id)[0][0]
    habits = link.run(
        "SELECT id, name, schedule, created_at, archived_at FROM habits WHERE user_id = ? ORDER BY created_at, id",
        user.id,
    )
    days: dict[str, list[str]] = {}
    for habit, day in link.run(
        "SELECT entries.habit_id, entries.day FROM entries JOIN habits ON habits.id = entries.habit_id"
        " WHERE habits.user_id = ? ORDER BY entries.day",
        user.id,
    ):
        days.setdefault(habit, []).append(day)
    return {
        "format": "habits 1",
        "name": user.name,
        "created": created,
        "zone": user.zone,
        "day_start": user.day_start,
        "habits": [
            {"name": name, "schedule": schedule, "created": made, "archived": archived, "done": days.get(id, [])}
            for id, name, schedule, made, archived in habits
        ],
    }
