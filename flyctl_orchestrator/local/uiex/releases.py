"""Releases: created before a rollout, told how it went, listed."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.machines import caller
from flyctl_orchestrator.local.api.render import timestamp
from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid, not_found
from flyctl_orchestrator.local.core.model import Release
from flyctl_orchestrator.local.platform import Platform

_MOST = 200


def _record(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "version": release.version,
        "stable": release.status == "complete",
        "in_progress": release.in_progress,
        "status": release.status,
        "strategy": release.strategy,
        "user": release.user,
        "created_at": timestamp(release.created_at),
        "image_ref": release.image_ref,
    }


@route("POST", "/api/v1/releases", op="uiex.releases.create", limit=None)
def create_release(platform: Platform, request: Request) -> Response:
    """Create an app's next release."""
    body = body_of(request)
    for key in ("app_name", "image"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise invalid(f"invalid_argument: {key} is required")
    build = body.get("build_id")
    release = platform.releases.create(
        body["app_name"],
        definition=body.get("definition"),
        image_ref=body["image"],
        strategy=str(body.get("strategy") or "ROLLING"),
        user=caller(platform, request),
        build_id=build if isinstance(build, int) else None,
    )
    return Response(201, {"release": _record(release)})


@route("PATCH", "/api/v1/releases/{release}", op="uiex.releases.update", limit=None)
def update_release(platform: Platform, request: Request) -> Response:
    """Tell how a release went; the answer is the release itself."""
    body = body_of(request)
    status = body.get("status")
    release = platform.releases.update(
        request.params["release"], status=None if status is None else str(status), metadata=body.get("metadata")
    )
    return Response(200, _record(release))


@route("GET", "/api/v1/apps/{app}/releases", op="uiex.releases.list", limit=None)
def list_releases(platform: Platform, request: Request) -> Response:
    """An app's releases, newest first."""
    limit = request.arg("limit")
    count = min(int(limit), _MOST) if limit.isdigit() and int(limit) > 0 else _MOST
    found = platform.releases.list(request.params["app"])[:count]
    return Response(200, {"releases": [_record(release) for release in found]})


@route("GET", "/api/v1/apps/{app}/releases/current", op="uiex.releases.current", limit=None)
def current_release(platform: Platform, request: Request) -> Response:
    """An app's newest release."""
    release = platform.releases.current(request.params["app"])
    if release is None:
        raise not_found("the app has no release")
    return Response(200, _record(release))
