"""Organizations and builds."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.core.model import Organization
from flyctl_orchestrator.local.platform import Platform


def _record(org: Organization) -> dict[str, Any]:
    return {
        "id": org.id,
        "internal_numeric_id": org.numeric_id,
        "slug": org.slug,
        "raw_slug": org.slug,
        "name": org.name,
        "paid_plan": True,
        "personal": org.type == "PERSONAL",
        "billable": True,
        "billing_status": "CURRENT",
        "provisions_beta_extensions": False,
        "remote_builder_image": "",
    }


@route("GET", "/api/v1/organizations", op="uiex.organizations.list", limit=None)
def list_organizations(platform: Platform, request: Request) -> Response:
    """The one organization there is."""
    return Response(200, {"organizations": [_record(platform.apps.organization)]})


@route("GET", "/api/v1/organizations/{slug}", op="uiex.organizations.get", limit=None)
def get_organization(platform: Platform, request: Request) -> Response:
    """An organization by slug."""
    return Response(200, {"organization": _record(platform.apps.organization_of(request.params["slug"]))})


@route("POST", "/api/v1/builds", op="uiex.builds.create", limit=None)
def create_build(platform: Platform, request: Request) -> Response:
    """Note that somebody looks for an image; nothing is kept but a number."""
    number = platform.kernel.random.getrandbits(31)
    return Response(200, {"id": number, "status": "started", "wallclock_time_ms": 0})


@route("POST", "/api/v1/builds/finish", op="uiex.builds.finish", limit=None)
def finish_build(platform: Platform, request: Request) -> Response:
    """Note how the search for an image went."""
    body = body_of(request)
    status = str(body.get("status") or "completed")
    return Response(200, {"id": body.get("build_id") or 0, "status": status, "wallclock_time_ms": 0})
