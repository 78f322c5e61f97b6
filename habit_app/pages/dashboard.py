"""The dashboard: from memory when it is still true, else from the database."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from habit_app.board import build
from habit_app.cache import Page
from habit_app.context import services, session, signed_in, today_of
from habit_app.schedule import WEEKDAYS
from habit_app.store import accounts, entries, habits

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/dashboard")
def dashboard() -> AnyResponse:
    """The signed-in user's habits."""
    response = Response(b"", content_type="text/html; charset=utf-8")
    page = _current_page()
    response.data = page.html
    # The browser may keep it but must ask; a tick in another tab would otherwise go unseen.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    response.set_etag(page.etag)
    services().sessions.renew(request, response, session())
    return response.make_conditional(request)


def _current_page() -> Page:
    page = _cached()
    if page is not None:
        return page
    with services().cache.flight(session().uid):
        # Somebody may have made it while this request waited.
        return _cached() or _confirmed() or _made()


def _cached() -> Page | None:
    parts, current = services(), session()
    page, now = parts.cache.get(current.uid), parts.clock()
    wanted = parts.sessions.announced(request, current)
    if page is not None and page.fresh(now) and page.shows(epoch=current.epoch, rev=wanted, now=now):
        return page
    return None


def _confirmed() -> Page | None:
    """A page that is only old in minutes: one small question to the database instead of making it anew."""
    parts, current = services(), session()
    page, now = parts.cache.get(current.uid), parts.clock()
    if page is None or not page.shows(epoch=current.epoch, rev=parts.sessions.announced(request, current), now=now):
        return None
    with parts.store.reading() as link:
        user = accounts.by_session(link, current.uid, current.epoch)
    if user is None or user.rev != page.rev:
        return None
    parts.cache.confirm(user.id, page, now)
    return page


def _made() -> Page:
    parts, now = services(), services().clock()
    with parts.store.reading() as link:
        # The revision first: what is read after it can only be newer than it says, never older.
        user = signed_in(link)
        mine = habits.of_user(link, user.id)
        ticked = entries.of_user(link, user.id)
    today = today_of(user)
    html = render_template(
        "dashboard.html",
        user=user,
        board=build(mine, ticked, today),
        weekdays=WEEKDAYS,
        token=parts.sessions.form_token(g.session),
        settings=parts.settings,
    ).encode()
    etag = hashlib.sha256(html).hexdigest()[:24]
    page = Page(user.rev, user.epoch, user.zone, user.day_start, today, html, etag, now)
    parts.cache.put(user.id, page)
    return page
