"""Whether the database can be used from this machine."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify

from habit_app.context import services
from habit_app.edge.health import identity
from habit_app.store.database import DatabaseUnavailable

blueprint = Blueprint("ready", __name__)


@blueprint.get("/api/ready")
def ready() -> Response:
    """Does the database answer? 200 "ready" with the schema's version, or 503 "not ready".

    A far region asks the primary one instead.
    """
    parts = services()
    fields: dict[str, str | int]
    try:
        if parts.settings.primary:
            parts.dashboards.source.moved({})
            return _answer({"status": "ready", "database": "in the primary region"})
        with parts.store.reading() as link:
            link.run("SELECT 1")
        fields = {"status": "ready", "database": parts.store.database.engine, "schema": parts.store.prepare()}
    except DatabaseUnavailable:
        fields = {"status": "not ready", "database": "unavailable"}
    return _answer(fields)


def _answer(fields: Mapping[str, str | int]) -> Response:
    parts = services()
    response = jsonify({**fields, **identity(parts.settings, parts.clock)})
    response.status_code = 200 if fields["status"] == "ready" else 503
    return response
