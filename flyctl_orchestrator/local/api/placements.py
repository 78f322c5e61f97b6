"""Where machines would go. There is always room, but for regions whose fault it is to have none."""

from __future__ import annotations

from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.base.regions import NEAREST, choose
from flyctl_orchestrator.local.core.fault import Place
from flyctl_orchestrator.local.platform import Platform

ROOM_PER_REGION = 1000


@route("POST", "/v1/platform/placements", op="platform.placements")
def place(platform: Platform, request: Request) -> Response:
    """The regions of a comma list that could take the machines, in its order."""
    body = body_of(request)
    platform.apps.organization_of(str(body.get("org_slug") or platform.apps.organization.slug))
    wanted, count = body.get("region") or NEAREST, body.get("count") or 0
    if not isinstance(wanted, str) or isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise invalid("invalid_argument: region must be a string and count a number")
    chosen = dict.fromkeys(region for entry in wanted.split(",") if (region := choose(entry)) is not None)
    if not chosen:
        raise invalid(f"invalid_argument: region {wanted!r} not found")
    open_now = [one for one in chosen if platform.faults.holds("no-capacity", Place(region=one)) is None]
    shown = [{"region": region, "count": count or ROOM_PER_REGION, "concurrency": 1} for region in open_now]
    return Response(200, {"regions": shown})
