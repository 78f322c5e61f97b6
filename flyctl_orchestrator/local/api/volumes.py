"""Volumes and their snapshots."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.routing import body_of, flag, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.core.model import Volume
from flyctl_orchestrator.local.platform import Platform


def shape(platform: Platform, volume: Volume, summary: bool = False) -> dict[str, Any]:
    """A volume as the API shows it; `summary` leaves out what its file system holds."""
    return render.volume_summary(volume) if summary else render.volume(volume, platform.volumes.used(volume))


@route("GET", "/v1/apps/{app}/volumes", op="volumes.list")
def list_volumes(platform: Platform, request: Request) -> Response:
    """List an app's volumes."""
    found = platform.volumes.list(request.params["app"])
    return Response(200, [shape(platform, one, flag(request, "summary")) for one in found])


@route("POST", "/v1/apps/{app}/volumes", op="volumes.create")
def create_volume(platform: Platform, request: Request) -> Response:
    """Create a volume, empty or as a copy."""
    return Response(200, shape(platform, platform.volumes.create(request.params["app"], body_of(request))))


@route("GET", "/v1/apps/{app}/volumes/{volume}", op="volumes.get")
def get_volume(platform: Platform, request: Request) -> Response:
    """Read a volume."""
    return Response(200, shape(platform, platform.volumes.get(request.params["app"], request.params["volume"])))


@route("PUT", "/v1/apps/{app}/volumes/{volume}", op="volumes.update")
def update_volume(platform: Platform, request: Request) -> Response:
    """Change a volume's backup settings."""
    changed = platform.volumes.update(request.params["app"], request.params["volume"], body_of(request))
    return Response(200, shape(platform, changed))


@route("DELETE", "/v1/apps/{app}/volumes/{volume}", op="volumes.delete")
def delete_volume(platform: Platform, request: Request) -> Response:
    """Destroy a volume that no machine has."""
    gone = platform.volumes.destroy(request.params["app"], request.params["volume"])
    return Response(200, shape(platform, gone))


@route("PUT", "/v1/apps/{app}/volumes/{volume}/extend", op="volumes.extend")
def extend_volume(platform: Platform, request: Request) -> Response:
    """Make a volume larger."""
    size = body_of(request).get("size_gb")
    changed = platform.volumes.extend(request.params["app"], request.params["volume"], size)
    return Response(200, {"volume": shape(platform, changed), "needs_restart": False})


@route("GET", "/v1/apps/{app}/volumes/{volume}/snapshots", op="volumes.snapshots.list")
def list_snapshots(platform: Platform, request: Request) -> Response:
    """List a volume's snapshots."""
    volume = platform.volumes.get(request.params["app"], request.params["volume"])
    return Response(200, [render.snapshot(one) for one in volume.snapshots])


@route("POST", "/v1/apps/{app}/volumes/{volume}/snapshots", op="volumes.snapshots.create")
def create_snapshot(platform: Platform, request: Request) -> Response:
    """Copy a volume as it is now."""
    made = platform.volumes.snapshot(request.params["app"], request.params["volume"])
    return Response(200, render.snapshot(made))
