"""Organizations and builds."""

from __future__ import annotations

import itertools
from typing import Any

from flyctl_orchestrator.local.api.wire import Handler, Request, Response
from flyctl_orchestrator.local.model import Organization
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


def list_organizations(platform: Platform) -> Handler:
    """`GET /api/v1/organizations`."""

    def handle(request: Request) -> Response:
        return Response(200, {"organizations": [_record(platform.apps.organization)]})

    return handle


def get_organization(platform: Platform) -> Handler:
    """`GET /api/v1/organizations/{slug}`."""

    def handle(request: Request) -> Response:
        return Response(200, {"organization": _record(platform.apps.organization_of(request.params["slug"]))})

    return handle


def create_build(platform: Platform) -> Handler:
    """`POST /api/v1/builds`: flyctl announces that it looks for an image. Nothing is kept but the number."""
    numbers = itertools.count(1)

    def handle(request: Request) -> Response:
        return Response(200, {"id": next(numbers), "status": "started", "wallclock_time_ms": 0})

    return handle


def finish_build(platform: Platform) -> Handler:
    """`POST /api/v1/builds/finish`."""

    def handle(request: Request) -> Response:
        body = request.body if isinstance(request.body, dict) else {}
        told = {"id": body.get("build_id", 0), "status": body.get("status", "completed"), "wallclock_time_ms": 0}
        return Response(200, told)

    return handle
