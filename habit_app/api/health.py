"""Whether this machine can take requests."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify

from habit_app.context import services
from habit_app.store.database import DatabaseUnavailable

blueprint = Blueprint("health", __name__)


@blueprint.get("/api/health")
def health() -> Response:
    """Is the process alive, and which one is it? 200 "ok", or 503 "draining" after SIGTERM.

    The database is left out on purpose: if it hiccups, every region would be taken out of service at once, and not
    even an error page could be shown.
    """
    parts = services()
    draining = parts.drain.draining
    return _answer(503 if draining else 200, {"status": "draining" if draining else "ok"})


@blueprint.get("/api/ready")
def ready() -> Response:
    """Does the database answer too? 200 "ready" with the schema's version, or 503 "not ready"."""
    parts = services()
    try:
        version = parts.store.prepare()
        with parts.store.reading() as link:
            link.run("SELECT 1")
    except DatabaseUnavailable:
        return _answer(503, {"status": "not ready", "database": "unavailable"})
    return _answer(200, {"status": "ready", "database": parts.store.database.engine, "schema": version})


def _identity() -> dict[str, str]:
    parts = services()
    return {
        "region": parts.settings.region,
        "machine": parts.settings.machine,
        "release": parts.settings.release,
        "timestamp": parts.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _answer(status: int, fields: Mapping[str, str | int]) -> Response:
    response = jsonify({**fields, **_identity()})
    response.status_code = status
    return response
