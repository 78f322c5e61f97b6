"""Days as JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from habit_app.context import wrote
from habit_app.files.carried import LONGEST_NOTE
from habit_app.store.entries import State
from habit_app.ticks import NoSuchHabit, WrongDay, set_day

blueprint = Blueprint("api_entries", __name__)

_EXAMPLE = 'Send {"done": true}, {"done": false} or {"state": "skipped"}, and "note" if you like.'
_LARGEST_BODY = 8_000
_STATES: dict[str, State] = {"done": "done", "skipped": "skipped", "open": "open"}


@blueprint.put("/api/habits/<habit_id>/entries/<day>")
def put_entry(habit_id: str, day: str) -> Response:
    """Say how a day stands: body `{"done": true}` or `{"done": false}`, or `{"state": "skipped"}`, each with a `note`.

    It states a result instead of toggling, so a request that is sent twice, or played again by a proxy, does no harm.
    """
    body = _body()
    state, note = _state(body), body.get("note")
    if note is not None and (not isinstance(note, str) or len(note) > LONGEST_NOTE):
        abort(400, f"A note is a text of at most {LONGEST_NOTE} characters.")
    try:
        tick = set_day(habit_id, day_of(day), state, note.strip() if note is not None else None)
    except NoSuchHabit:
        abort(404, "You have no such habit.")
    except WrongDay as problem:
        abort(422, str(problem))
    streak = tick.streak
    answer = jsonify(
        done=state == "done",
        state=state,
        day=day,
        rev=tick.rev,
        streak=streak.current,
        best=streak.best,
        streak_text=streak.text(),
    )
    return wrote(answer, tick.user_id, tick.rev)


def day_of(text: str) -> date:
    """A day from a request, or the answer 400."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        abort(400, "Write the day as YYYY-MM-DD.")
    if parsed.isoformat() != text:
        abort(400, "Write the day as YYYY-MM-DD.")
    return parsed


def _body() -> dict[str, Any]:
    request.max_content_length = _LARGEST_BODY
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        abort(400, _EXAMPLE)
    if not isinstance(body, dict):
        abort(400, _EXAMPLE)
    return body


def _state(body: dict[str, Any]) -> State:
    done, state = body.get("done"), body.get("state")
    if isinstance(done, bool) and "state" not in body:
        return "done" if done else "open"
    if not isinstance(state, str) or state not in _STATES or "done" in body:
        abort(400, _EXAMPLE)
    return _STATES[state]
