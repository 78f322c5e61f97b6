"""Which requests the page's own addresses take: from itself, and from nobody else's page."""

from __future__ import annotations

from aiohttp import web

from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.page.sessions import Sessions

# Nothing is loaded from elsewhere, no script stands in the page itself, and nobody shows the page inside another one.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
JSON = "application/json"


def cookie_name(port: int) -> str:
    """What the session's cookie is called. Cookies do not tell ports apart, so the name does."""
    return f"flyo_page_{port}"


def signed_in(request: web.BaseRequest, sessions: Sessions, port: int) -> bool:
    """Whether a request carries the cookie of an open session."""
    held = request.cookies.get(cookie_name(port))
    return held is not None and sessions.known(held)


def require_own_page(request: web.BaseRequest) -> None:
    """A request made by the page itself, and not by another origin: a browser says so, and other clients say nothing.

    Raises:
        PlatformError: 403.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin"):
        raise PlatformError(403, "this address answers to the platform's own page only")
    if request.method != "GET" and request.headers.get("Origin") != f"http://{request.headers.get('Host', '')}":
        raise PlatformError(403, "actions are taken from the platform's own page only")
    if request.method != "GET" and request.content_type != JSON:
        raise PlatformError(415, f"the body must be {JSON}")
