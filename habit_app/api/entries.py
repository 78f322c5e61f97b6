"""Ticks as JSON."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, jsonify, request

from habit_app.context import wrote
from habit_app.ticks import NoSuchHabit, WrongDay, set_tick

blueprint = Blueprint("api_entries", __name__)


@blueprint.put("/api/habits/<habit_id>/entries/<day>")
def put_entry(habit_id: str, day: str) -> Response:
    """Say how a day stands: body `{"done": true}` or `{"done": false}`.

    It states a result instead of toggling, so a request that is sent twice, or played again by a proxy, does no harm.
    """
    body = request.get_json(silent=True)
    done = body.get("done") if isinstance(body, dict) else None
    if not isinstance(done, bool):
        abort(400, 'Send {"done": true} or {"done": false}.')
    try:
        tick = set_tick(habit_id, _date(day), done)
    except NoSuchHabit:
        abort(404, "You have no such habit.")
    except WrongDay as problem:
        abort(422, str(problem))
    streak = tick.streak
    answer = jsonify(
        done=done, day=day, rev=tick.rev, streak=streak.current, best=streak.best, streak_text=streak.text()
    )
    return wrote(answer, tick.user_id, tick.rev)


def _date(text: str) -> date:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        abort(400, "Write the day as YYYY-MM-DD.")
    if parsed.isoformat() != text:
        abort(400, "Write the day as YYYY-MM-DD.")
    return parsed
