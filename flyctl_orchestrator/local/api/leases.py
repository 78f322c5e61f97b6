"""Leases and metadata of machines."""

from __future__ import annotations

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.machines import NONCE, addressed, caller
from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid, not_found, precondition
from flyctl_orchestrator.local.base.ratelimit import AROUND_A_CHANGE
from flyctl_orchestrator.local.platform import Platform


@route("POST", "/v1/apps/{app}/machines/{machine}/lease", op="leases.acquire", limit=AROUND_A_CHANGE)
def acquire(platform: Platform, request: Request) -> Response:
    """Take a machine's lease, or keep it for longer with its nonce."""
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    body = body_of(request)
    lease = platform.leases.acquire(
        machine,
        ttl=body.get("ttl") or request.arg("ttl"),
        nonce=request.headers.get(NONCE, ""),
        owner=caller(platform, request),
        description=str(body.get("description") or ""),
    )
    return Response(201, {"status": "success", "data": render.lease_data(lease, machine)})


@route("GET", "/v1/apps/{app}/machines/{machine}/lease", op="leases.get", limit=AROUND_A_CHANGE)
def get(platform: Platform, request: Request) -> Response:
    """Who holds a machine."""
    machine = addressed(platform, request)
    lease = platform.leases.held(machine)
    if lease is None:
        raise not_found("lease not found")
    return Response(200, {"status": "success", "data": render.lease_data(lease, machine)})


@route("DELETE", "/v1/apps/{app}/machines/{machine}/lease", op="leases.release", limit=AROUND_A_CHANGE)
def release(platform: Platform, request: Request) -> Response:
    """Let go of a machine."""
    platform.leases.release(addressed(platform, request), request.headers.get(NONCE, ""))
    return Response(200, {"ok": True})


@route("GET", "/v1/apps/{app}/machines/{machine}/metadata", op="metadata.get_all")
def get_metadata(platform: Platform, request: Request) -> Response:
    """A machine's metadata."""
    return Response(200, addressed(platform, request).metadata)


@route("PUT", "/v1/apps/{app}/machines/{machine}/metadata", op="metadata.update")
def put_metadata(platform: Platform, request: Request) -> Response:
    """Change several metadata keys at once; null and "" remove; 412 when the machine has moved on."""
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    body = body_of(request)
    changes = body.get("metadata")
    if not isinstance(changes, dict):
        raise invalid("metadata must be an object")
    version = body.get("machine_version")
    if version and version != machine.instance_id:
        raise precondition(f"machine version {version} is not the current one, {machine.instance_id}")
    updated_at = body.get("updated_at")
    if updated_at and updated_at != render.timestamp(machine.updated_at):
        raise precondition("machine was changed since")
    platform.machines.set_metadata(machine, changes)
    return Response(200, machine.metadata)


route("PATCH", "/v1/apps/{app}/machines/{machine}/metadata", op="metadata.patch")(put_metadata)


@route("GET", "/v1/apps/{app}/machines/{machine}/metadata/{key}", op="metadata.get")
def get_key(platform: Platform, request: Request) -> Response:
    """One metadata value."""
    key = request.params["key"]
    metadata = addressed(platform, request).metadata
    if key not in metadata:
        raise not_found(f"metadata key {key!r} not found")
    return Response(200, {"value": metadata[key]})


@route("POST", "/v1/apps/{app}/machines/{machine}/metadata/{key}", op="metadata.set")
def set_key(platform: Platform, request: Request) -> Response:
    """Set one metadata value; the machine's version stays."""
    value = body_of(request).get("value")
    if not isinstance(value, str):
        raise invalid("value must be a string")
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    platform.machines.set_metadata(machine, {request.params["key"]: value})
    return Response(204)


@route("DELETE", "/v1/apps/{app}/machines/{machine}/metadata/{key}", op="metadata.delete")
def delete_key(platform: Platform, request: Request) -> Response:
    """Remove one metadata value."""
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    platform.machines.set_metadata(machine, {request.params["key"]: None})
    return Response(204)
