"""The dashboard: how it is drawn, and what is answered when it cannot be.

Most visits never come here: see `memory_pages`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from flask import Blueprint, Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from habit_app.board import build
from habit_app.context import SignedOut, services, session
from habit_app.days import local_date
from habit_app.edge.memory_pages import FAILED, shown
from habit_app.known.dashboards import Draw, answer
from habit_app.known.snapshot import Snapshot
from habit_app.pages.board_rows import rows_html
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
    same = _same_on_every_page(app)

    def draw(snapshot: Snapshot, now: datetime) -> bytes:
        # The token is the same for every session of an epoch, so a page is everybody's who may see it.
        token = sessions.form_token(Session(snapshot.id, snapshot.epoch, iat=0, seen=0))
        board = build(snapshot, local_date(now, snapshot.zone, snapshot.day_start))
        rows = rows_html(board, token)
        template = app.jinja_env.get_template("dashboard.html")
        page = template.render(user=snapshot, board=board, rows=rows, token=token, settings=settings, **same())
        return page.encode()

    return draw


def _same_on_every_page(app: Flask) -> Callable[[], dict[str, str]]:
    """Parts of the page that are drawn once, with the first page."""

    @cache
    def parts() -> dict[str, str]:
        names = {"schedule_fields": "_new_habit_fields.html", "scripts": "_dashboard_scripts.html"}
        templates = app.jinja_env
        return {name: templates.get_template(file).render(weekdays=WEEKDAYS) for name, file in names.items()}

    return parts
