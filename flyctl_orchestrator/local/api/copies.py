"""Copies of fleets that run elsewhere (`/_local/copies`)."""

from __future__ import annotations

from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.copies import take_copy
from flyctl_orchestrator.local.platform import Platform


@route("POST", "/_local/copies", op="local.copies.take", limit=None)
def take(platform: Platform, request: Request) -> Response:
    """Make an app with the very machines another platform has."""
    return Response(201, {"machines": take_copy(platform, body_of(request))})
