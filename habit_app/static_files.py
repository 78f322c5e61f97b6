"""Style sheet, scripts and icons: under a name that changes with their content, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, abort, request
from werkzeug.wrappers import Response as AnyResponse

_DIRECTORY = Path(__file__).with_name("static")
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


def register(app: Flask) -> None:
    """Serve the files of `static/` and give templates `static_url(name)`."""
    files = {path.name: path.read_bytes() for path in _DIRECTORY.iterdir() if path.suffix in _KINDS}
    versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in files.items()}

    def static_url(name: str) -> str:
        return f"/static/{name}?v={versions[name]}"

    def serve(name: str) -> AnyResponse:
        if name not in files:
            abort(404)
        response = Response(files[name], content_type=_KINDS[Path(name).suffix])
        # While a release rolls out, a page of one version may ask a machine of the other for its style sheet: what it
        # gets must not be kept under the wrong name.
        asked = request.args.get("v") == versions[name]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if asked else "no-cache"
        response.set_etag(versions[name])
        return response.make_conditional(request)

    app.add_url_rule("/static/<name>", "static", serve)
    app.add_url_rule("/favicon.ico", "favicon", lambda: serve("icon.svg"))
    # A service worker may only rule over what is below its own address.
    app.add_url_rule("/sw.js", "service_worker", lambda: serve("sw.js"))
    app.jinja_env.globals["static_url"] = static_url
