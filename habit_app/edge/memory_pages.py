"""Dashboards before Flask: a cookie that is known, a page that is true, and nothing else is done."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from habit_app.edge.headers import strict_headers
from habit_app.edge.replay import Environ, StartResponse, WsgiApp
from habit_app.known.cache import Page
from habit_app.known.dashboards import Dashboards, answer
from habit_app.observe.tally import USER, CountedSource, Tally
from habit_app.sessions import Session, Sessions
from habit_app.store.database import DatabaseUnavailable

log = logging.getLogger("habit_app")

PATH = "/dashboard"
# Where Flask finds why there is no page, so that it does not try again what has just failed.
FAILED = "habit_app.failed"


class PagesFromMemory:
    """WSGI middleware that answers `GET /dashboard` of who is signed in; the rest, and what fails, is Flask's."""

    def __init__(
        self,
        app: WsgiApp,
        sessions: Sessions,
        dashboards: Dashboards,
        tally: Tally,
        served_by: str,
        otherwise: WsgiApp | None = None,
    ) -> None:
        """Wrap `app`; `otherwise`, if given, is asked when the page cannot be had here."""
        self.app = app
        self.sessions = sessions
        self.dashboards = dashboards
        self.tally = tally
        self.otherwise = otherwise
        self.strict = {secure: strict_headers(served_by, secure=secure) for secure in (False, True)}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or hand on to the app."""
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET":
            return self.app(environ, start_response)
        secure = environ["wsgi.url_scheme"] == "https"
        visit = self.sessions.visit(environ.get("HTTP_COOKIE", ""), secure=secure)
        if visit is None:
            return self.app(environ, start_response)
        environ[USER] = visit[0].uid
        try:
            page = shown(self.dashboards, self.tally, *visit)
        except DatabaseUnavailable as problem:
            environ[FAILED] = problem
            if self.otherwise is not None and not _came_back(environ):
                log.warning("sending a visit home: %s", problem)
                return self.otherwise(environ, start_response)
            page = None
        if page is None:
            return self.app(environ, start_response)
        status, headers, body = answer(
            page, accepts=environ.get("HTTP_ACCEPT_ENCODING", ""), has=environ.get("HTTP_IF_NONE_MATCH", "")
        )
        start_response(status, headers + self.strict[secure])
        return [body]


def shown(dashboards: Dashboards, tally: Tally, session: Session, rev: int) -> Page | None:
    """The page for a session that has seen `rev`, counted by where what it shows came from; None as `Dashboards.page`.

    Raises:
        DatabaseUnavailable: it has to be asked for, and cannot be now.
    """
    page, data = dashboards.at_hand(session, rev), "page"
    if page is None:
        source = dashboards.source
        before = source.asked if isinstance(source, CountedSource) else 0
        page, data = dashboards.page(session, rev), "snapshot"
        if isinstance(source, CountedSource) and source.asked > before:
            data = source.data
    if page is not None:
        tally.load(data)
    return page


def _came_back(environ: Environ) -> bool:
    """Whether the proxy has been asked to play this request elsewhere already."""
    return "HTTP_FLY_REPLAY_SRC" in environ or "HTTP_FLY_REPLAY_FAILED" in environ
