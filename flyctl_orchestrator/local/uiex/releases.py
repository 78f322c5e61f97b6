"""Releases: created before a rollout, told how it went, listed."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.wire import Handler, Request, Response
from flyctl_orchestrator.local.errors import invalid, not_found
from flyctl_orchestrator.local.model import Release
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.timestamps import rfc3339

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
        "created_at": rfc3339(release.created_at),
        "image_ref": release.image_ref,
    }


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.body, dict):
        raise invalid("the body must be a JSON object")
    return request.body


def create_release(platform: Platform) -> Handler:
    """`POST /api/v1/releases`."""

    def handle(request: Request) -> Response:
        body = _body(request)
        for key in ("app_name", "image"):
            if not isinstance(body.get(key), str) or not body[key]:
                raise invalid(f"{key} is required")
        token = platform.tokens.authenticate(request.headers.get("authorization", ""))
        build = body.get("build_id")
        release = platform.releases.create(
            body["app_name"],
            definition=body.get("definition"),
            image_ref=body["image"],
            strategy=str(body.get("strategy") or "ROLLING"),
            user=token.user if token is not None else "",
            build_id=build if isinstance(build, int) else None,
        )
        return Response(201, {"release": _record(release)})

    return handle


def update_release(platform: Platform) -> Handler:
    """`PATCH /api/v1/releases/{id}`: answers the release itself, not wrapped."""

    def handle(request: Request) -> Response:
        body = _body(request)
        status = body.get("status")
        release = platform.releases.update(
            request.params["id"], status=None if status is None else str(status), metadata=body.get("metadata")
        )
        return Response(200, _record(release))

    return handle


def list_releases(platform: Platform) -> Handler:
    """`GET /api/v1/apps/{app}/releases?limit=N`: newest first."""

    def handle(request: Request) -> Response:
        limit = request.arg("limit")
        count = min(int(limit), _MOST) if limit.isdigit() and int(limit) > 0 else _MOST
        found = platform.releases.list(request.params["app"])[:count]
        return Response(200, {"releases": [_record(release) for release in found]})

    return handle


def current_release(platform: Platform) -> Handler:
    """`GET /api/v1/apps/{app}/releases/current`: the newest, 404 when there is none."""

    def handle(request: Request) -> Response:
        release = platform.releases.current(request.params["app"])
        if release is None:
            raise not_found("the app has no release")
        return Response(200, _record(release))

    return handle
