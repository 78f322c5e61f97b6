"""Two defences every request passes: writes must come from our own pages, and every answer carries strict headers."""

from __future__ import annotations

import hmac

from flask import Response, abort, g, request

from habit_app.context import services
from habit_app.replay import WRITES

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)


def refuse_foreign_writes() -> None:
    """Stop a write that another site made the browser send.

    Browsers say where a request comes from: all current ones with Sec-Fetch-Site, older ones with Origin. What says
    neither is a very old browser or no browser at all. If it is signed in, it must send the form's token; if not,
    there is no session to abuse.
    """
    if request.method not in WRITES:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        trusted = site in ("same-origin", "none")
    elif origin is not None:
        trusted = origin == request.host_url.rstrip("/")
    else:
        trusted = g.session is None or _has_token()
    if not trusted:
        abort(403, "This change did not come from our own pages, so it was not made.")


def _has_token() -> bool:
    sent = request.headers.get("X-Form-Token") or request.form.get("token", "")
    return hmac.compare_digest(sent.encode(), services().sessions.form_token(g.session).encode())


def add_headers(response: Response) -> Response:
    """Headers for every answer."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    # Not "no-referrer": with it browsers would also hide the Origin of our own forms.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    # Which machine did the work: a write shows the primary region here, whichever region the browser talked to.
    settings = services().settings
    headers.setdefault("X-Served-By", f"{settings.region}/{settings.machine}")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response
