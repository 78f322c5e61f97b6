"""Pages of log lines, asked for again and again by `flyctl logs`."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.render import timestamp
from flyctl_orchestrator.local.api.routing import route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.core.model import LogLine
from flyctl_orchestrator.local.platform import Platform

_FIRST_PAGE = 100
_LATER_PAGES = 1000


@route("GET", "/api/v1/apps/{app}/logs", op="logs.poll", limit=None)
def poll_logs(platform: Platform, request: Request) -> Response:
    """An app's newest log lines, or those after `next_token`."""
    app = platform.apps.get(request.params["app"])
    token = request.arg("next_token")
    if token and not token.isdigit():
        raise invalid(f"invalid_argument: next_token {token!r} is not one of ours")
    lines = platform.logs.read(
        app=app.name,
        machine=request.arg("instance") or None,
        region=request.arg("region") or None,
        after=int(token or 0),
        limit=_LATER_PAGES if token else _FIRST_PAGE,
    )
    seen = str(lines[-1].sequence) if lines else token or "0"
    return Response(200, {"data": [_record(line) for line in lines], "meta": {"next_token": seen}})


def _record(line: LogLine) -> dict[str, Any]:
    machine, region = line.machine or "", line.region or ""
    return {
        "id": str(line.sequence),
        "type": "log",
        "attributes": {
            "timestamp": timestamp(line.ts),
            "message": line.message,
            "level": line.level,
            "instance": machine,
            "region": region,
            "meta": {"instance": machine, "region": region, "event": {"provider": line.source}},
        },
    }
