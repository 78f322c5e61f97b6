"""Two defences every request passes: writes must come from our own pages, and every answer carries strict headers."""

from __future__ import annotations

from flask import Response, abort, g, request

from habit_app.context import bearer, services
from habit_app.edge.headers import strict_headers
from habit_app.edge.replay import WRITES


def refuse_foreign_writes() -> None:
    """Stop a write that another site made the browser send.

    Browsers say where a request comes from: all current ones with Sec-Fetch-Site, older ones with Origin. What says
    neither is a very old browser or no browser at all. If it is signed in, it must send the form's token; if not,
    there is no session to abuse.
    """
    if request.method not in WRITES:
        return
    # A browser cannot be made to send a token: it is no cookie.
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if bearer() is not None:
        trusted = True
    elif site is not None:
        trusted = site in ("same-origin", "none")
    elif origin is not None:
        trusted = origin == request.host_url.rstrip("/")
    else:
        trusted = g.session is None or _has_token()
    if not trusted:
        abort(403, "This change did not come from our own pages, so it was not made.")


def _has_token() -> bool:
    sent = request.headers.get("X-Form-Token") or request.form.get("token", "")
    return services().sessions.is_form_token(g.session, sent)


def add_headers(response: Response) -> Response:
    """Headers for every answer of Flask's."""
    response.headers.setdefault("Cache-Control", "no-store")
    for name, value in strict_headers(services().settings.served_by, secure=request.is_secure):
        response.headers.setdefault(name, value)
    return response
