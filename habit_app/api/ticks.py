"""A batch of ticks as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from habit_app.context import wrote
from habit_app.tick_batch import LARGEST_BODY, BadBatch, OtherUser, Outcome, Superseded, apply, read_batch

blueprint = Blueprint("api_ticks", __name__)


@blueprint.post("/api/ticks")
def post_ticks() -> Response:
    """Say how many days stand: `{"user", "device", "seq", "ticks": {"habit id": {"YYYY-MM-DD": true}}}`.

    200 tells which of them were refused, and how the habits stand now. 403: the ticks are of another user than who is
    signed in. 409: this browser has sent a later batch, number `seq`; what is still unsaved has to come in a new one.
    """
    request.max_content_length = LARGEST_BODY
    try:
        outcome = apply(read_batch(request.get_data()))
    except BadBatch as problem:
        abort(400, str(problem))
    except OtherUser:
        abort(403, "Somebody else is signed in now. Nothing was changed.")
    except Superseded as problem:
        answer = jsonify(error="A later batch of this browser has been saved.", seq=problem.seq)
        answer.status_code = 409
        return answer
    return wrote(jsonify(_told(outcome)), outcome.user_id, outcome.rev)


def _told(outcome: Outcome) -> dict[str, object]:
    return {
        "rev": outcome.rev,
        "today": outcome.today.isoformat(),
        "refused": [
            {"habit": habit, "day": day.isoformat(), "error": why} for (habit, day), why in outcome.refused.items()
        ],
        "habits": {
            id: {"streak": each.current, "best": each.best, "streak_text": each.text()}
            for id, each in outcome.streaks.items()
        },
    }
