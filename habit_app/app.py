"""The app, put together."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask, Response, g, request

from habit_app import errors, security, static_files
from habit_app.api import entries as api_entries
from habit_app.api import habits as api_habits
from habit_app.api import ready as api_ready
from habit_app.api import ticks
from habit_app.clock import Clock, system_clock
from habit_app.context import Services, services
from habit_app.drain import Drain
from habit_app.edge.client import BehindFly
from habit_app.edge.headers import strict_headers
from habit_app.edge.health import AnswerHealth
from habit_app.edge.memory_pages import PagesFromMemory
from habit_app.edge.position import PositionFile, WaitForOwnWrites
from habit_app.edge.replay import LARGEST_BODY, WRITES, Environ, ReplayWrites, WsgiApp
from habit_app.inside.answers import AnswerInside
from habit_app.inside.questions import PrimarySource
from habit_app.inside.signing import Signer
from habit_app.known.cache import Cache
from habit_app.known.dashboards import Dashboards, Source
from habit_app.observe.logs import UserHash
from habit_app.observe.metrics import AnswerMetrics
from habit_app.observe.requests import Observe
from habit_app.observe.tally import USER, CountedSource, Tally
from habit_app.pages import accounts, calendar, dashboard, files, habits, history, own_account
from habit_app.passwords import Passwords
from habit_app.plain_page import plain_page
from habit_app.sessions import Sessions
from habit_app.settings import read_settings
from habit_app.store.database import open_database
from habit_app.store.elsewhere import DatabaseElsewhere
from habit_app.store.source import DatabaseSource
from habit_app.store.store import Store

log = logging.getLogger("habit_app")

# What a far region shows by itself. Every other page is the primary's.
_WITHOUT_DATABASE = frozenset({"/", "/dashboard", "/login", "/signup", "/favicon.ico", "/sw.js"})


def random_id() -> str:
    """Sixteen hex characters nobody can guess."""
    return secrets.token_hex(8)


def create_app(config: Mapping[str, str], clock: Clock = system_clock, new_id: Callable[[], str] = random_id) -> Flask:
    """Build the app.

    Args:
        config: environment variables; see `read_settings`.
        clock: where time comes from.
        new_id: makes identifiers for users and habits.

    Raises:
        SettingsError: the app cannot run with this configuration.
    """
    settings = read_settings(config)
    position = PositionFile(Path(settings.database.where)) if settings.litefs else None
    sessions = Sessions(settings.secret_keys, clock, position.reached if position else lambda: 0)
    signer = Signer(*settings.secret_keys)
    source: Source
    if settings.primary:
        store = Store(DatabaseElsewhere())
        source = PrimarySource(settings.primary, signer, clock)
    else:
        store = Store(open_database(settings.database, copy=settings.reads_copy))
        source = DatabaseSource(store)
    source = CountedSource(source, "primary" if settings.primary else "database")
    app = Flask("habit_app", static_folder=None)
    draw = dashboard.drawing(app, sessions, settings)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions["habit_app"] = Services(
        settings=settings,
        clock=clock,
        new_id=new_id,
        store=store,
        sessions=sessions,
        passwords=Passwords(),
        dashboards=Dashboards(Cache(), source, draw, clock),
        drain=Drain(),
        tally=Tally(),
    )
    pages = (accounts, calendar, dashboard, files, habits, history, own_account)
    for part in (api_ready, api_entries, api_habits, ticks, *pages):
        app.register_blueprint(part.blueprint)
    static_files.register(app)
    errors.register(app)
    app.before_request(_identify)
    app.before_request(security.refuse_foreign_writes)
    app.after_request(security.add_headers)
    if position:
        app.after_request(_tell_position)
    _wrap(app, signer, position)
    return app


def _identify() -> None:
    g.session = services().sessions.read(request)
    if g.session:
        request.environ[USER] = g.session.uid


def _tell_position(response: Response) -> Response:
    """Of writes that no dashboard shows, too: the next page in a region with a copy waits for them."""
    current, cookies = g.get("session"), response.headers.getlist("Set-Cookie")
    told = any(each.startswith(("rev=", "__Host-rev=")) for each in cookies)
    if current and request.method in WRITES and not told:
        sessions = services().sessions
        sessions.announce(request, response, current.uid, sessions.announced(request, current))
    return response


def _wrap(app: Flask, signer: Signer, position: PositionFile | None) -> None:
    """Put the middleware around Flask, the outermost last."""
    parts: Services = app.extensions["habit_app"]
    settings, flask = parts.settings, app.wsgi_app

    def strict(environ: Environ) -> list[tuple[str, str]]:
        return strict_headers(settings.served_by, secure=environ["wsgi.url_scheme"] == "https")

    pages = PagesFromMemory(flask, parts.sessions, parts.dashboards, parts.tally, settings.served_by)
    handler: WsgiApp = pages
    if not settings.is_primary:
        away = ReplayWrites(
            handler,
            region=settings.region,
            primary_region=settings.primary_region,
            reads_too=settings.primary is not None or not settings.shared_database,
            reads_here=_WITHOUT_DATABASE if settings.primary else frozenset(),
            headers=strict,
            page=plain_page,
        )
        handler = away
        if settings.primary or position:
            pages.otherwise = away.send_home
        if position:
            handler = WaitForOwnWrites(
                handler, wanted=parts.sessions.position_of, position=position, otherwise=away.send_home
            )
    handler = AnswerInside(handler, parts.dashboards if settings.is_primary else None, signer, parts.clock)
    handler = AnswerHealth(handler, settings, parts.drain, parts.clock)
    if settings.on_fly:
        handler = BehindFly(handler)
        if not settings.shared_database and not settings.primary:
            log.warning(
                "DATABASE_URL is not set: the data lives on this machine alone and is gone after the next deploy"
            )
    handler = AnswerMetrics(handler, parts)
    app.wsgi_app = Observe(handler, parts.tally, UserHash(settings.secret_key), strict)  # type: ignore[method-assign]
