"""`GET /api/v1/apps/{app}/logs`: pages of log lines, asked for again and again by `flyctl logs`."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.wire import Handler, Request, Response
from flyctl_orchestrator.local.errors import invalid
from flyctl_orchestrator.local.model import LogLine
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.timestamps import rfc3339

_FIRST_PAGE = 100
_LATER_PAGES = 1000


def poll_logs(platform: Platform) -> Handler:
    """The handler. `next_token` is the number of the last line a client has seen; empty asks for the newest lines."""

    def handle(request: Request) -> Response:
        app = platform.apps.get(request.params["app"])
        token = request.arg("next_token")
        if token and not token.isdigit():
            raise invalid(f"next_token {token!r} is not one of ours")
        lines = platform.logs.read(
            app=app.name,
            machine=request.arg("instance") or None,
            region=request.arg("region") or None,
            after=int(token or 0),
            limit=_LATER_PAGES if token else _FIRST_PAGE,
        )
        seen = str(lines[-1].sequence) if lines else token or "0"
        return Response(200, {"data": [_record(line) for line in lines], "meta": {"next_token": seen}})

    return handle


def _record(line: LogLine) -> dict[str, Any]:
    machine, region = line.machine or "", line.region or ""
    return {
        "id": str(line.sequence),
        "type": "log",
        "attributes": {
            "timestamp": rfc3339(line.ts),
            "message": line.message,
            "level": line.level,
            "instance": machine,
            "region": region,
            "meta": {"instance": machine, "region": region, "event": {"provider": line.source}},
        },
    }
