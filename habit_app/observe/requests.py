"""One line in the log, and one more in the figures, for every request."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from habit_app.edge.health import PATH as HEALTH
from habit_app.edge.replay import READS, WRITES, Environ, StartResponse, WsgiApp
from habit_app.observe.logs import UserHash, request_id
from habit_app.observe.tally import USER, Tally

log = logging.getLogger("habit_app.requests")

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST_PATH = 200
_METHODS = WRITES | READS


class Observe:
    """The outermost WSGI middleware."""

    def __init__(
        self,
        app: WsgiApp,
        tally: Tally,
        users: UserHash,
        headers: Callable[[Environ], list[tuple[str, str]]],
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Wrap `app`; `headers` gives those that every answer carries, `seconds` is a clock that only goes forward."""
        self.app = app
        self.tally = tally
        self.users = users
        self.headers = headers
        self.seconds = seconds

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does, and take note of it."""
        began = self.seconds()
        told: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told[:] = [status]
            # Whichever layer answered: most have put them on already.
            if not any(name == "Content-Security-Policy" for name, _ in headers):
                headers = [*headers, *self.headers(environ)]
            return start_response(status, headers, *more)

        # Fly's proxy puts its own one on every request, and the same one on a request that it plays again.
        sent = environ.get("HTTP_FLY_REQUEST_ID", "")
        token = request_id.set(sent if _ID.fullmatch(sent) else secrets.token_hex(8))
        try:
            try:
                body = self.app(environ, start)
            except BaseException:
                self._note(environ, "500", self.seconds() - began)
                raise
            self._note(environ, told[0] if told else "200", self.seconds() - began)
        finally:
            request_id.reset(token)
        return body

    def _note(self, environ: Environ, status: str, seconds: float) -> None:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        code = int(status[:3])
        self.tally.request(method if method in _METHODS else "other", code, seconds)
        if path == HEALTH and code == 200:
            return  # asked every few seconds
        fields: dict[str, Any] = {
            "method": method[:16],
            "path": path[:_LONGEST_PATH],
            "status": code,
            "ms": round(seconds * 1000, 2),
        }
        if user := environ.get(USER):
            fields["user"] = self.users.of(user)
        log.info("%s %s %d", fields["method"], _printable(fields["path"]), code, extra={"fields": fields})


def _printable(path: str) -> str:
    """Nothing that could pass for another line of the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in path)
