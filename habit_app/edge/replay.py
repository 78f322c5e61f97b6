"""Send writes to the primary region. Runs before Flask: nothing is parsed, decoded or looked up for them here.

A machine far from the primary answers a write with a header that asks Fly's proxy to play the same request again in
the primary region. The client sees only what the primary answers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from habit_app.plain_page import plain_page

log = logging.getLogger("habit_app")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
# Fly's proxy cannot play a bigger request again.
LARGEST_BODY = 1_000_000
RETRY_SECONDS = 5
# Answered by the machine that was asked, wherever the data is.
_ALWAYS_HERE = ("/api/health", "/api/ready", "/static/")


class ReplayWrites:
    """WSGI middleware for a machine outside the primary region."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        region: str,
        primary_region: str,
        reads_too: bool = False,
        reads_here: frozenset[str] = frozenset(),
        headers: Callable[[Environ], list[tuple[str, str]]] = lambda environ: [],
    ) -> None:
        """Wrap `app`.

        Args:
            region: where this machine is.
            primary_region: where writes go.
            reads_too: this machine cannot see the data by itself, so reads go there as well ...
            reads_here: ... except of these paths.
            headers: gives headers that every answer is to carry.
        """
        self.app = app
        self.region = region
        self.primary_region = primary_region
        self.methods = WRITES | READS if reads_too else WRITES
        self.reads_here = reads_here
        self.headers = headers
        self.instruction = f"region={primary_region};state=write;timeout=5s;fallback=prefer_self"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Replay, refuse, or hand on to the app."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method not in self.methods or path.startswith(_ALWAYS_HERE):
            return self.app(environ, start_response)
        if method in READS and path in self.reads_here:
            return self.app(environ, start_response)
        return self.send_home(environ, start_response)

    def send_home(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Replay in the primary region, or refuse what was replayed already or cannot be."""
        if "HTTP_FLY_REPLAY_FAILED" in environ:
            return self._refuse(environ, start_response, "503 Service Unavailable", *_READ_ONLY)
        if "HTTP_FLY_REPLAY_SRC" in environ:
            log.error(
                "a request replayed from %s arrived in %s, but the primary region is %s: check PRIMARY_REGION",
                *(environ["HTTP_FLY_REPLAY_SRC"], self.region, self.primary_region),
            )
            return self._refuse(environ, start_response, "503 Service Unavailable", *_MISROUTED)
        if _is_too_big(environ):
            return self._refuse(environ, start_response, "413 Content Too Large", *_TOO_BIG)
        headers = [("Fly-Replay", self.instruction), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        start_response("409 Conflict", headers + self.headers(environ))
        return [b""]

    def _refuse(
        self, environ: Environ, start_response: StartResponse, status: str, title: str, text: str
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/"):
            kind, body = "application/json", json.dumps({"error": f"{title}. {text}"}).encode()
        else:
            kind, body = "text/html; charset=utf-8", plain_page(title, text)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        if status.startswith("503"):
            headers.append(("Retry-After", str(RETRY_SECONDS)))
        start_response(status, headers + self.headers(environ))
        return [body]


_READ_ONLY = (
    "Not saved: this place is read-only right now",
    "The region that keeps your data cannot be reached. You can still look around; please try the change again soon.",
)
_MISROUTED = ("Not saved", "The request ended up in the wrong region. Please try again.")
_TOO_BIG = ("Too big", "Send less than 1 MB, or add the header Fly-Prefer-Region with the primary region.")


def _is_too_big(environ: Environ) -> bool:
    """Whether the body is over the limit, or of a length nobody says."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return True
    length = environ.get("CONTENT_LENGTH") or "0"
    return not length.isdecimal() or int(length) > LARGEST_BODY
