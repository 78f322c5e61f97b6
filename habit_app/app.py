"""The app, put together."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping

from flask import Flask, g, request

from habit_app import errors, security, static_files
from habit_app.api import entries as api_entries
from habit_app.api import ready as api_ready
from habit_app.cache import Cache
from habit_app.clock import Clock, system_clock
from habit_app.context import Services, services
from habit_app.dashboards import Dashboards
from habit_app.drain import Drain
from habit_app.edge import BehindFly
from habit_app.health import AnswerHealth
from habit_app.memory_pages import PagesFromMemory
from habit_app.pages import accounts, calendar, dashboard, habits
from habit_app.passwords import Passwords
from habit_app.replay import LARGEST_BODY, ReplayWrites, WsgiApp
from habit_app.sessions import Sessions
from habit_app.settings import Settings, read_settings
from habit_app.store.database import open_database
from habit_app.store.source import DatabaseSource
from habit_app.store.store import Store

log = logging.getLogger("habit_app")


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
    store, sessions = Store(open_database(settings.database)), Sessions(settings.secret_key, clock)
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
        dashboards=Dashboards(Cache(), DatabaseSource(store), draw, clock),
        drain=Drain(),
    )
    for part in (api_ready, api_entries, accounts, calendar, dashboard, habits):
        app.register_blueprint(part.blueprint)
    static_files.register(app)
    errors.register(app)
    app.before_request(_identify)
    app.before_request(security.refuse_foreign_writes)
    app.after_request(security.add_headers)
    _wrap(app, settings)
    return app


def _identify() -> None:
    g.session = services().sessions.read(request)


def _wrap(app: Flask, settings: Settings) -> None:
    """Put the middleware around Flask, the outermost last."""
    parts = app.extensions["habit_app"]
    handler: WsgiApp = PagesFromMemory(app.wsgi_app, parts.sessions, parts.dashboards, settings.served_by)
    if not settings.is_primary:
        handler = ReplayWrites(
            handler,
            region=settings.region,
            primary_region=settings.primary_region,
            reads_too=not settings.shared_database,
        )
    handler = AnswerHealth(handler, settings, parts.drain, parts.clock)
    if settings.on_fly:
        handler = BehindFly(handler)
        if not settings.shared_database:
            log.warning(
                "DATABASE_URL is not set: the data lives on this machine alone and is gone after the next deploy"
            )
    app.wsgi_app = handler  # type: ignore[method-assign]
