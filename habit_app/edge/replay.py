"""Send writes to the primary region, and let everybody see their own ones at once. One file, to be copied as it is.

For any WSGI app on Fly.io, such as Flask's or Django's: docs/how-to/replay-writes.md. It needs nothing but Python.

`ReplayWrites` runs before the app: nothing is parsed, decoded or looked up. A machine far from the primary answers a
write with a header that asks Fly's proxy to play the same request again in the primary region. The client sees only
what the primary answers.

`RevisionCookie` makes the cookie that goes with the answer: the number of the newest change of whoever made it. A
machine that shows a page from memory, or from a copy of the data, first looks whether that is as new as the cookie.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
# Fly's proxy cannot play a bigger request again.
LARGEST_BODY = 1_000_000
RETRY_SECONDS = 5
ALWAYS_HERE = ("/api/health", "/api/ready", "/static/")


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
        always_here: tuple[str, ...] = ALWAYS_HERE,
        page: Callable[[str, str], bytes] | None = None,
    ) -> None:
        """Wrap `app`.

        Args:
            region: where this machine is.
            primary_region: where writes go.
            reads_too: this machine cannot see the data by itself, so reads go there as well ...
            reads_here: ... except of these paths.
            headers: gives headers that every answer is to carry.
            always_here: what these paths begin with is answered by the machine that was asked, wherever the data is.
            page: makes the HTML of a refusal from a title and a sentence; without it, a plain page.
        """
        self.app = app
        self.region = region
        self.primary_region = primary_region
        self.methods = WRITES | READS if reads_too else WRITES
        self.reads_here = reads_here
        self.headers = headers
        self.always_here = always_here
        self.page = page or plain_page
        self.instruction = f"region={primary_region};state=write;timeout=5s;fallback=prefer_self"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Replay, refuse, or hand on to the app."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method not in self.methods or path.startswith(self.always_here):
            return self.app(environ, start_response)
        if method in READS and path in self.reads_here:
            return self.app(environ, start_response)
        return self.send_home(environ, start_response)

    def send_home(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Replay in the primary region, or refuse what was replayed already or cannot be."""
        if "HTTP_FLY_REPLAY_FAILED" in environ:
            what = _AWAY if environ["REQUEST_METHOD"] in READS else _READ_ONLY
            return self._refuse(environ, start_response, "503 Service Unavailable", *what)
        if "HTTP_FLY_REPLAY_SRC" in environ:
            log.error(
                "a request replayed from %s arrived in %s, but the primary region is %s: check PRIMARY_REGION",
                *(environ["HTTP_FLY_REPLAY_SRC"], self.region, self.primary_region),
            )
            what = _ASTRAY if environ["REQUEST_METHOD"] in READS else _MISROUTED
            return self._refuse(environ, start_response, "503 Service Unavailable", *what)
        if _is_too_big(environ):
            title, text = _TOO_BIG if environ["PATH_INFO"].startswith("/api/") else _TOO_BIG_FORM
            return self._refuse(environ, start_response, "413 Content Too Large", title, text)
        headers = [("Fly-Replay", self.instruction), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        start_response("409 Conflict", headers + self.headers(environ))
        return [b""]

    def _refuse(
        self, environ: Environ, start_response: StartResponse, status: str, title: str, text: str
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/"):
            kind, body = "application/json", json.dumps({"error": f"{title}. {text}"}).encode()
        else:
            kind, body = "text/html; charset=utf-8", self.page(title, text)
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
# The same for who only wanted to look.
_AWAY = ("Back in a moment", "The region that keeps your data cannot be reached right now. Please try again soon.")
_ASTRAY = ("Back in a moment", "The request ended up in the wrong region. Please try again.")
_TOO_BIG_FORM = ("Too big", "At most 1 MB can be sent at once. Nothing was changed.")
_TOO_BIG = ("Too big", "Send less than 1 MB, or add the header Fly-Prefer-Region with the primary region.")


def _is_too_big(environ: Environ) -> bool:
    """Whether the body is over the limit, or of a length nobody says."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return True
    length = environ.get("CONTENT_LENGTH") or "0"
    return not length.isdecimal() or int(length) > LARGEST_BODY


def plain_page(title: str, text: str) -> bytes:
    """A title and a sentence as HTML; both are escaped."""
    title = escape(title)
    start = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f"{start}<title>{title}</title><h1>{title}</h1><p>{escape(text)}</p></html>".encode()


class RevisionCookie:
    """Makes and reads the signed value of a cookie that says: this browser has seen revision N of that user's data.

    A revision is a number with the user's row that goes up by one in the transaction of every change to what is theirs.
    Give the cookie five minutes or more: longer than anything may be shown from memory.
    """

    def __init__(self, keys: Sequence[bytes], salt: str = "revision") -> None:
        """Sign with the first of `keys`, accept what any of them signed; `salt` keeps it apart from other uses."""
        # The form is that of itsdangerous' URLSafeSerializer with HMAC-SHA256, for apps that have that at hand.
        self._keys = [hmac.new(key, salt.encode(), hashlib.sha256).digest() for key in keys]

    def write(self, user: str, revision: int, position: int = 0) -> str:
        """The cookie's value; `position` says how far the database was, where machines read copies of it."""
        seen = [user, revision, position] if position else [user, revision]
        payload = _encode(json.dumps(seen, separators=(",", ":")).encode())
        return f"{payload}.{_encode(self._sign(self._keys[0], payload))}"

    def read(self, value: str | None, user: str) -> int:
        """The newest revision of `user`'s data that the browser has seen; 0 when it does not say, or not so."""
        whose, revision, _ = self._seen(value)
        return revision if whose == user else 0

    def position(self, value: str | None) -> int:
        """How far the database was at the browser's last change; 0 when it does not say, or not so."""
        return self._seen(value)[2]

    def _seen(self, value: str | None) -> tuple[str, int, int]:
        """Whose, revision and position; of what nobody here has signed: nobody's, 0 and 0."""
        payload, _, signature = (value or "").rpartition(".")
        try:
            sent = _decode(signature)
            if not any(hmac.compare_digest(sent, self._sign(key, payload)) for key in self._keys):
                return "", 0, 0
            whose, revision, *position = json.loads(_decode(payload))
            return str(whose), int(revision), int(position[0]) if position else 0
        except (ValueError, TypeError, RecursionError):
            return "", 0, 0

    def _sign(self, key: bytes, payload: str) -> bytes:
        return hmac.new(key, payload.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None
