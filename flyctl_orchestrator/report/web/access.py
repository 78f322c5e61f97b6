"""Who may look: whoever opened the link, once; and no page but this one, whatever it tries."""

from __future__ import annotations

import hashlib
import secrets

from aiohttp import web

JSON = "application/json"
# Nothing is loaded from elsewhere, no script stands in the page itself, and nobody shows it inside another page.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Access:
    """Links that were not used yet, and browsers that have used one. Only digests are kept."""

    def __init__(self) -> None:
        self._links: set[str] = set()
        self._sessions: set[str] = set()

    def link(self) -> str:
        """A key that signs one browser in."""
        key = secrets.token_urlsafe(32)
        self._links.add(_digest(key))
        return key

    def open(self, key: str) -> str | None:
        """What a browser is known by that has the key, which is used up by that; None for any other."""
        if _digest(key) not in self._links:
            return None
        self._links.remove(_digest(key))
        session = secrets.token_urlsafe(32)
        self._sessions.add(_digest(session))
        return session

    def knows(self, request: web.BaseRequest, port: int) -> bool:
        """Whether a request comes from a browser that was signed in."""
        held = request.cookies.get(cookie_name(port))
        return held is not None and _digest(held) in self._sessions


def cookie_name(port: int) -> str:
    """What the cookie is called. Cookies do not tell ports apart, so the name does."""
    return f"flyo_rollout_{port}"


def require_own(request: web.BaseRequest, port: int) -> None:
    """A request that names this very server, and that no other page has made.

    Raises:
        HTTPMisdirectedRequest, HTTPForbidden: it is none.
    """
    if request.headers.getall("Host", []) not in ([f"127.0.0.1:{port}"], [f"localhost:{port}"]):
        raise web.HTTPMisdirectedRequest(text="this address answers to 127.0.0.1 and localhost only\n")
    # A browser says whose page asks; other clients say nothing. The page itself may be called from anywhere: a link.
    from_elsewhere = request.headers.get("Sec-Fetch-Site") not in (None, "same-origin")
    if from_elsewhere and request.headers.get("Sec-Fetch-Mode") != "navigate":
        raise web.HTTPForbidden(text="this address answers to its own page only\n")
    if request.method in ("GET", "HEAD"):
        return
    if request.headers.get("Origin") != f"http://{request.headers['Host']}" or request.content_type != JSON:
        raise web.HTTPForbidden(text="a browser is signed in by this address's own page only\n")


def _digest(text: str) -> str:
    # Looked up by digest, so that how long the answer takes says nothing about the text.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
