"""What Fly's proxy knows of the client: their address, and whether they came by https."""

from __future__ import annotations

from collections.abc import Iterable

from habit_app.edge.replay import Environ, StartResponse, WsgiApp


class BehindFly:
    """WSGI middleware that believes the proxy's headers. Only to be used where the proxy sets them on every request."""

    def __init__(self, app: WsgiApp) -> None:
        """Wrap `app`."""
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Hand on the request as the client made it."""
        scheme = environ.get("HTTP_X_FORWARDED_PROTO")
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        # Not X-Forwarded-For: its last entry is Fly's own address, and the ones before it are anybody's claim.
        if "HTTP_FLY_CLIENT_IP" in environ:
            environ["REMOTE_ADDR"] = environ["HTTP_FLY_CLIENT_IP"]
        return self.app(environ, start_response)
