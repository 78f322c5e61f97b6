"""Whether this machine can take requests. Answered before Flask, and without the database.

If health asked the database, one hiccup of it would take every region out of service at once, and not even an error
page could be shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from habit_app.clock import Clock
from habit_app.drain import Drain
from habit_app.edge.headers import strict_headers
from habit_app.edge.replay import Environ, StartResponse, WsgiApp
from habit_app.settings import Settings

PATH = "/api/health"


class AnswerHealth:
    """WSGI middleware: is the process alive, and which one is it? 200 "ok", or 503 "draining" after SIGTERM."""

    def __init__(self, app: WsgiApp, settings: Settings, drain: Drain, clock: Clock) -> None:
        """Wrap `app`."""
        self.app = app
        self.settings = settings
        self.drain = drain
        self.clock = clock

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or hand on to the app."""
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.app(environ, start_response)
        draining = self.drain.draining
        status = HTTPStatus(503 if draining else 200)
        fields = {"status": "draining" if draining else "ok", **identity(self.settings, self.clock)}
        body = json.dumps(fields).encode() + b"\n"
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *strict_headers(self.settings.served_by, secure=environ["wsgi.url_scheme"] == "https"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def identity(settings: Settings, clock: Clock) -> dict[str, str]:
    """Who answers, and when."""
    return {
        "region": settings.region,
        "machine": settings.machine,
        "release": settings.release,
        "timestamp": clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
