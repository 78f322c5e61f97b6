"""The dashboard: how it is drawn, and what is answered when it cannot be.

Most visits never come here: see `memory_pages`.
"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from habit_app.board import build
from habit_app.context import SignedOut, services, session
from habit_app.days import local_date
from habit_app.edge.memory_pages import FAILED, shown
from habit_app.known.dashboards import Draw, answer
from habit_app.known.snapshot import Snapshot
from habit_app.schedule import WEEKDAYS
from habit_app.sessions import Session, Sessions
from habit_app.settings import Settings

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/dashboard")
def dashboard() -> AnyResponse:
    """The signed-in user's habits."""
    if FAILED in request.environ:
        raise request.environ[FAILED]
    parts, current = services(), session()
    page = shown(parts.dashboards, parts.tally, current, parts.sessions.announced(request, current))
    if page is None:
        raise SignedOut
    accepts, has = request.headers.get("Accept-Encoding", ""), request.headers.get("If-None-Match", "")
    status, headers, body = answer(page, accepts=accepts, has=has)
    response = Response(body, status, headers)
    parts.sessions.renew(request, response, current)
    return response


def drawing(app: Flask, sessions: Sessions, settings: Settings) -> Draw:
    """What draws the dashboard, with the app's templates and outside any request."""

    def draw(snapshot: Snapshot, now: datetime) -> bytes:
        # The token is the same for every session of an epoch, so a page is everybody's who may see it.
        anybody = Session(snapshot.id, snapshot.epoch, iat=0, seen=0)
        page = app.jinja_env.get_template("dashboard.html").render(
            user=snapshot,
            board=build(snapshot, local_date(now, snapshot.zone, snapshot.day_start)),
            weekdays=WEEKDAYS,
            token=sessions.form_token(anybody),
            settings=settings,
        )
        return page.encode()

    return draw
