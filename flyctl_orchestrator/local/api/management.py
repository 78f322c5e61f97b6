"""The platform's own operations (`/_local/…`): settings, reset and what `status` tells."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import not_found
from flyctl_orchestrator.local.platform import Platform


@route("GET", "/_local/settings", op="local.settings.get", limit=None)
def get_settings(platform: Platform, request: Request) -> Response:
    """The settings and their values."""
    return Response(200, platform.settings.as_dict())


@route("PUT", "/_local/settings", op="local.settings.change", limit=None)
def change_settings(platform: Platform, request: Request) -> Response:
    """Change settings; they stay changed over a restart."""
    platform.settings.change(body_of(request))
    platform.store.put("settings", "settings", platform.settings)
    return Response(200, platform.settings.as_dict())


@route("GET", "/_local/requests", op="local.requests", limit=None)
def get_requests(platform: Platform, request: Request) -> Response:
    """How often each operation was asked for since the start, and how often that was too often (429)."""
    return Response(200, platform.requests.as_dict())


@route("GET", "/_local/apps/{app}/machines/{machine}/surroundings", op="local.surroundings", limit=None)
def get_surroundings(platform: Platform, request: Request) -> Response:
    """Where a machine's process runs and with what environment, secrets included: for a command that joins it.

    Of a container the engine's address and the container's id: the rest is the engine's business.
    """
    machine = platform.machines.alive(request.params["app"], request.params["machine"])
    found = platform.runtime.surroundings(machine.id)
    if found is None:
        raise not_found(f"machine {machine.id} is {machine.state}, and nothing runs in it")
    if found.container:
        return Response(200, {"engine": found.engine, "container": found.container})
    return Response(200, {"directory": str(found.directory), "env": dict(found.env)})


@route("POST", "/_local/reset", op="local.reset", limit=None)
def reset(platform: Platform, request: Request) -> Response:
    """Destroy every app and process."""
    platform.reset()
    return Response(200, {"ok": True})


def apps_status(platform: Platform, port: int) -> list[dict[str, Any]]:
    """How many machines that a deploy manages each app has in which state, how many others, and where it answers."""
    shown = []
    for app in platform.apps.list():
        machines = platform.machines.list(app.name)
        states = [machine.state for machine in machines if machine.managed]
        counts = {state: states.count(state) for state in ("started", "suspended", "stopped", "failed")}
        url, others = f"http://{app.name}.localhost:{port}", len(machines) - len(states)
        shown.append({"name": app.name, "machines": len(states), **counts, "others": others, "url": url})
    return shown
