"""The dashboard, when it is not at hand: see `memory_pages` for when it is."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from habit_app.board import build
from habit_app.context import SignedOut, services, session
from habit_app.dashboards import answer
from habit_app.days import local_date
from habit_app.schedule import WEEKDAYS
from habit_app.snapshot import Snapshot

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/dashboard")
def dashboard() -> AnyResponse:
    """The signed-in user's habits."""
    parts, current = services(), session()
    page = parts.dashboards.page(current, parts.sessions.announced(request, current), _draw)
    if page is None:
        raise SignedOut
    accepts, has = request.headers.get("Accept-Encoding", ""), request.headers.get("If-None-Match", "")
    status, headers, body = answer(page, accepts=accepts, has=has)
    response = Response(body, status, headers)
    parts.sessions.renew(request, response, current)
    return response


def _draw(snapshot: Snapshot) -> bytes:
    parts = services()
    today = local_date(parts.clock(), snapshot.zone, snapshot.day_start)
    return render_template(
        "dashboard.html",
        user=snapshot,
        board=build(snapshot, today),
        weekdays=WEEKDAYS,
        token=parts.sessions.form_token(session()),
        settings=parts.settings,
    ).encode()
