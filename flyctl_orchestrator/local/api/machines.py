"""Machines: list, create, read, update, destroy, and what they tell about themselves."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.parameters import listed, machine_states, number
from flyctl_orchestrator.local.api.routing import body_of, flag, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid, not_found
from flyctl_orchestrator.local.base.machine_types import REQUEST
from flyctl_orchestrator.local.base.ratelimit import CREATE_MACHINE, GET_MACHINE
from flyctl_orchestrator.local.core.machines import MachineRequest
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.platform import Platform

NONCE = "fly-machine-lease-nonce"
SORTABLE = ("pid", "stime", "rtime", "command", "directory", "cpu", "rss")


def addressed(platform: Platform, request: Request) -> Machine:
    """The machine the path names, destroyed ones included. Raises PlatformError 404."""
    return platform.machines.get(request.params["app"], request.params["machine"])


def held(platform: Platform, request: Request) -> Machine:
    """The machine the path names, which the caller may change now.

    Raises:
        PlatformError: 404, or 409 when somebody else holds its lease.
    """
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    platform.leases.check(machine, request.headers.get(NONCE, ""))
    return machine


def wanted_of(body: dict[str, Any]) -> MachineRequest:
    """A create or update request's body. Raises PlatformError 400 for wrong types."""
    REQUEST(body, "")
    return MachineRequest(
        config=body.get("config") or {},
        name=body.get("name") or "",
        region=body.get("region") or "",
        skip_launch=bool(body.get("skip_launch")),
        skip_service_registration=bool(body.get("skip_service_registration")),
        skip_secrets=bool(body.get("skip_secrets")),
        min_secrets_version=body.get("min_secrets_version"),
        current_version=body.get("current_version") or "",
    )


def _metadata_filters(request: Request) -> dict[str, str]:
    return {key.removeprefix("metadata."): values[0] for key, values in request.query.items() if "metadata." in key}


@route("GET", "/v1/apps/{app}/machines", op="machines.list")
def list_machines(platform: Platform, request: Request) -> Response:
    """List an app's machines, by region, state or metadata."""
    found = platform.machines.list(request.params["app"], include_deleted=flag(request, "include_deleted"))
    regions = listed(request, "region")
    states = machine_states(request)
    metadata = _metadata_filters(request)
    chosen = [
        machine
        for machine in found
        if (not regions or machine.region in regions)
        and (not states or machine.state in states)
        and all(machine.metadata.get(key) == value for key, value in metadata.items())
    ]
    if flag(request, "summary"):
        return Response(200, [render.machine_summary(machine) for machine in chosen])
    with_leases = flag(request, "include_leases")
    return Response(200, [_shown(platform, machine, with_leases) for machine in chosen])


def _shown(platform: Platform, machine: Machine, with_lease: bool) -> dict[str, Any]:
    return render.machine(machine, platform.leases.held(machine) if with_lease else None)


@route("POST", "/v1/apps/{app}/machines", op="machines.create", limit=CREATE_MACHINE)
def create_machine(platform: Platform, request: Request) -> Response:
    """Create a machine, launched unless told otherwise."""
    body = body_of(request)
    machine = platform.machines.create(request.params["app"], wanted_of(body))
    return Response(200, render.machine(machine, nonce=_leased(platform, request, machine)))


def _leased(platform: Platform, request: Request, machine: Machine) -> str:
    ttl = body_of(request).get("lease_ttl")
    if not ttl:
        return ""
    nonce = request.headers.get(NONCE, "")
    return platform.leases.acquire(machine, ttl=ttl, nonce=nonce, owner=caller(platform, request)).nonce


def caller(platform: Platform, request: Request) -> str:
    """Who the request's token belongs to."""
    token = platform.tokens.authenticate(request.headers.get("authorization", ""))
    return token.user if token is not None else platform.tokens.own.user


@route("GET", "/v1/apps/{app}/machines/{machine}", op="machines.get", limit=GET_MACHINE)
def get_machine(platform: Platform, request: Request) -> Response:
    """Read a machine."""
    return Response(200, _shown(platform, addressed(platform, request), flag(request, "include_leases")))


@route("POST", "/v1/apps/{app}/machines/{machine}", op="machines.update")
def update_machine(platform: Platform, request: Request) -> Response:
    """Give a machine a new config; a running one boots it."""
    held(platform, request)
    machine = platform.machines.update(request.params["app"], request.params["machine"], wanted_of(body_of(request)))
    return Response(200, render.machine(machine, nonce=_leased(platform, request, machine)))


@route("DELETE", "/v1/apps/{app}/machines/{machine}", op="machines.delete")
def delete_machine(platform: Platform, request: Request) -> Response:
    """Destroy a machine; a running one only by force."""
    machine = addressed(platform, request)
    if machine.alive:
        platform.leases.check(machine, request.headers.get(NONCE, ""))
        platform.lifecycle.destroy(machine, force=flag(request, "force") or flag(request, "kill"))
    return Response(200, {"ok": True})


@route("GET", "/v1/apps/{app}/machines/{machine}/events", op="machines.events")
def list_events(platform: Platform, request: Request) -> Response:
    """A machine's events, newest first."""
    limit = number(request, "limit", 20, 50)
    events = addressed(platform, request).events
    return Response(200, [render.event(one) for one in events[:limit]])


@route("GET", "/v1/apps/{app}/machines/{machine}/versions", op="machines.versions")
def list_versions(platform: Platform, request: Request) -> Response:
    """The configs a machine has had, newest first."""
    versions = addressed(platform, request).versions
    return Response(200, [{"version": one.instance_id, "user_config": one.config} for one in versions])


@route("GET", "/v1/apps/{app}/machines/{machine}/ps", op="machines.ps")
def list_processes(platform: Platform, request: Request) -> Response:
    """What runs in a machine, and where it listens."""
    machine = addressed(platform, request)
    chosen, downwards = _order_of(request)
    found = platform.runtime.processes(machine.id)
    if not found:
        raise not_found(f"the processes of machine {machine.id} are not known")
    internal = {str(local): str(port) for port, local in machine.ports.items()}
    rows: list[dict[str, Any]] = [
        {
            "pid": one.pid,
            "stime": int(one.cpu_seconds),
            "rtime": int(one.age_seconds),
            "command": one.command,
            "directory": one.directory,
            "cpu": int(one.cpu_seconds),
            "rss": one.resident_bytes,
            "listen_sockets": [
                {"proto": proto, "address": address if machine.contained else _as_inside(address, internal)}
                for proto, address in one.listen_sockets
            ],
        }
        for one in found
    ]
    return Response(200, sorted(rows, key=lambda row: row[chosen], reverse=downwards) if chosen else rows)


def _order_of(request: Request) -> tuple[str, bool]:
    """By what processes are sorted ("": as they are found), and whether from large to small."""
    chosen, order = request.arg("sort_by"), request.arg("order") or "asc"
    if chosen not in ("", *SORTABLE):
        raise invalid(f"invalid_argument: sort_by must be one of {', '.join(SORTABLE)}")
    if order not in ("asc", "desc"):
        raise invalid("invalid_argument: order must be asc or desc")
    return chosen or ("pid" if request.arg("order") else ""), order == "desc"


def _as_inside(address: str, internal: dict[str, str]) -> str:
    """A listening address as it is in a virtual machine of its own: its internal port, reachable from the network.

    An app that listens on its internal port's very number has a port of this computer, where nobody looks for it. It
    is shown as bound to loopback, which is what that comes to: clients (flyctl's warning) then say that it is wrong.
    """
    port = address.rpartition(":")[2]
    if port in internal:
        return f"0.0.0.0:{internal[port]}"
    return f"127.0.0.1:{port}" if port in internal.values() else address
