"""Habits as JSON, for programs."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from habit_app.api.entries import day_of
from habit_app.context import services, signed_in, today_of
from habit_app.store import entries, habits
from habit_app.store.database import Connection
from habit_app.store.habits import Habit
from habit_app.streaks import measure
from habit_app.strength import strength

blueprint = Blueprint("api_habits", __name__)


@blueprint.get("/api/habits")
def get_habits() -> Response:
    """The current habits in their order, with how they stand today."""
    with services().store.reading() as link:
        user = signed_in(link)
        today = today_of(user)
        found = [_told(link, habit, today) for habit in habits.of_user(link, user.id)]
    return jsonify(today=today.isoformat(), rev=user.rev, habits=found)


@blueprint.get("/api/habits/<habit_id>/entries")
def get_entries(habit_id: str) -> Response:
    """A habit's days from `from` to `to`, both included; without them all there are."""
    first = day_of(request.args.get("from") or "0001-01-01")
    last = day_of(request.args.get("to") or "9999-12-31")
    with services().store.reading() as link:
        user = signed_in(link)
        if habits.find(link, user.id, habit_id) is None:
            abort(404, "You have no such habit.")
        found = entries.history(link, habit_id)
    asked = [day for day in {*found.done, *found.skipped, *found.notes} if first <= day <= last]
    return jsonify(entries=[_entry(found, day) for day in sorted(asked)])


def _told(link: Connection, habit: Habit, today: date) -> dict[str, Any]:
    found = entries.history(link, habit.id)
    streak = measure(habit.schedule, found.done, today, found.skipped)
    return {
        "id": habit.id,
        "name": habit.name,
        "schedule": habit.schedule.store(),
        "today": found.state(today),
        "streak": streak.current,
        "best": streak.best,
        "streak_text": streak.text(),
        "strength": round(strength(habit.schedule, found.done, found.skipped, today), 3),
    }


def _entry(found: entries.History, day: date) -> dict[str, str]:
    entry = {"day": day.isoformat(), "state": str(found.state(day))}
    return {**entry, "note": found.notes[day]} if day in found.notes else entry
