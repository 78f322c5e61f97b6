"""Faults on order (`/_local/faults`)."""

from __future__ import annotations

from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.core.fault_kinds import KINDS
from flyctl_orchestrator.local.faults.request import fault_of
from flyctl_orchestrator.local.platform import Platform


@route("GET", "/_local/faults", op="local.faults.list", limit=None)
def list_faults(platform: Platform, request: Request) -> Response:
    """The faults that are set."""
    return Response(200, {"faults": platform.faults.shown()})


@route("POST", "/_local/faults", op="local.faults.add", limit=None)
def add_fault(platform: Platform, request: Request) -> Response:
    """Set a fault."""
    fault = platform.faults.add(fault_of(platform.kernel, body_of(request)))
    return Response(201, fault.shown(platform.clock.now()))


@route("DELETE", "/_local/faults", op="local.faults.clear", limit=None)
def clear_faults(platform: Platform, request: Request) -> Response:
    """Clear every fault."""
    return Response(200, {"cleared": [fault.id for fault in platform.faults.clear()]})


@route("GET", "/_local/faults/names", op="local.faults.names", limit=None)
def fault_names(platform: Platform, request: Request) -> Response:
    """What faults there are, and what can be set about each."""
    names = [
        {
            "name": kind.name,
            "does": kind.does,
            "counted": kind.counted,
            "times": kind.times,
            "set": {name: {"default": one.default, "what": one.what} for name, one in kind.settings.items()},
        }
        for kind in KINDS.values()
    ]
    return Response(200, {"names": names})


@route("DELETE", "/_local/faults/{fault}", op="local.faults.remove", limit=None)
def remove_fault(platform: Platform, request: Request) -> Response:
    """Clear one fault."""
    return Response(200, {"cleared": [platform.faults.remove(request.params["fault"]).id]})
