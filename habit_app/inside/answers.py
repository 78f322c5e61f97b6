"""The primary's side: answers other machines of the app, and nobody else. Before Flask."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from habit_app.clock import Clock
from habit_app.edge.replay import Environ, StartResponse, WsgiApp
from habit_app.inside.signing import HEADER, BadSignature, Signer
from habit_app.known.dashboards import Dashboards
from habit_app.store.database import DatabaseUnavailable

log = logging.getLogger("habit_app")

PREFIX = "/internal/"
SNAPSHOT = f"{PREFIX}snapshot"
REVISIONS = f"{PREFIX}revisions"
# Fly's proxy puts these on whatever comes from outside; nobody can take them off.
_FROM_OUTSIDE = ("HTTP_FLY_CLIENT_IP", "HTTP_FLY_FORWARDED_PORT", "HTTP_FLY_REQUEST_ID", "HTTP_X_FORWARDED_FOR")
_LARGEST_QUESTION = 1_000_000


class AnswerInside:
    """WSGI middleware for the paths under /internal/: to everybody else they do not exist."""

    def __init__(self, app: WsgiApp, dashboards: Dashboards | None, signer: Signer, clock: Clock) -> None:
        """Wrap `app`; `dashboards` None: this machine knows nothing that others do not, and answers nobody."""
        self.app = app
        self.dashboards = dashboards
        self.signer = signer
        self.clock = clock

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, refuse, or hand on to the app."""
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return self.app(environ, start_response)
        if self.dashboards is None or from_outside(environ) or environ["REQUEST_METHOD"] != "POST":
            return _say(start_response, "404 Not Found", b"")
        question, body = environ.get("HTTP_X_INSIDE", ""), _body(environ)
        try:
            signer = self.signer.check_question(question, path, body, int(self.clock().timestamp()))
            answer = self._answer(self.dashboards, path, body)
        except BadSignature as problem:
            log.warning("refused a question from inside: %s", problem)
            return _say(start_response, "403 Forbidden", b"")
        except DatabaseUnavailable as problem:
            log.error("cannot answer another region: %s", problem)
            return _say(start_response, "503 Service Unavailable", b"")
        return _say(start_response, "200 OK", answer, (HEADER, signer.answer(question, answer)))

    def _answer(self, dashboards: Dashboards, path: str, body: bytes) -> bytes:
        """What the primary says; nothing about a user that does not exist. The question is signed, so it is sound."""
        if path == SNAPSHOT:
            found = dashboards.source.snapshot(body.decode())
            return found[1] if found else b""
        revisions = json.loads(body)
        return json.dumps(sorted(dashboards.source.moved(revisions) if revisions else ())).encode()


def from_outside(environ: Environ) -> bool:
    """Whether a request came through Fly's proxy."""
    return any(name in environ for name in _FROM_OUTSIDE)


def _body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > _LARGEST_QUESTION:
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _say(start_response: StartResponse, status: str, body: bytes, *more: tuple[str, str]) -> Iterable[bytes]:
    kind = ("Content-Type", "application/octet-stream")
    start_response(status, [kind, ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), *more])
    return [body]
