"""Start, stop, suspend, restart, signal, cordon and wait."""

from __future__ import annotations

from flyctl_orchestrator.local.api.machines import addressed, held
from flyctl_orchestrator.local.api.routing import body_of, flag, route
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import invalid, not_found, precondition
from flyctl_orchestrator.local.base.machine_config import StopSpec
from flyctl_orchestrator.local.base.ratelimit import AROUND_A_CHANGE
from flyctl_orchestrator.local.core.model import SETTLED, Machine
from flyctl_orchestrator.local.platform import Platform

LONGEST_WAIT_SECONDS = 60.0
WAIT_STATES = ("started", "stopped", "suspended", "destroyed", "failed", "settled", "created")
OK = {"ok": True}


@route("POST", "/v1/apps/{app}/machines/{machine}/start", op="machines.start")
def start(platform: Platform, request: Request) -> Response:
    """Start a stopped machine or resume a suspended one."""
    before = platform.lifecycle.start(held(platform, request))
    return Response(200, {"previous_state": before, "migrated": False, "new_host": ""})


@route("POST", "/v1/apps/{app}/machines/{machine}/stop", op="machines.stop")
def stop(platform: Platform, request: Request) -> Response:
    """Stop a machine; a suspended one loses its snapshot."""
    machine, body = held(platform, request), body_of(request)
    how = machine_config.stop(machine.config, body.get("signal"), body.get("timeout") or None)
    platform.lifecycle.stop(machine, how)
    return Response(200, OK)


@route("POST", "/v1/apps/{app}/machines/{machine}/suspend", op="machines.suspend")
def suspend(platform: Platform, request: Request) -> Response:
    """Freeze a started machine."""
    platform.lifecycle.suspend(held(platform, request))
    return Response(200, OK)


@route("POST", "/v1/apps/{app}/machines/{machine}/restart", op="machines.restart")
def restart(platform: Platform, request: Request) -> Response:
    """Stop and boot the same version."""
    machine = held(platform, request)
    how = machine_config.stop(machine.config, request.arg("signal") or None, request.arg("timeout") or None)
    if flag(request, "force_stop"):
        how = StopSpec("SIGKILL", 0.0)
    platform.lifecycle.restart(machine, how)
    return Response(200, OK)


@route("POST", "/v1/apps/{app}/machines/{machine}/signal", op="machines.signal")
def signal(platform: Platform, request: Request) -> Response:
    """Send the machine's process a signal and nothing more."""
    machine = held(platform, request)
    name = machine_config.signal_name(body_of(request).get("signal"))
    if not platform.runtime.signal(machine.id, name):
        raise precondition("machine not running")
    return Response(200, OK)


@route("POST", "/v1/apps/{app}/machines/{machine}/cordon", op="machines.cordon")
def cordon(platform: Platform, request: Request) -> Response:
    """Take a machine out of the proxy's choice."""
    machine = held(platform, request)
    platform.machines.cordon(machine.app, machine.id, True)
    return Response(200, OK)


@route("POST", "/v1/apps/{app}/machines/{machine}/uncordon", op="machines.uncordon")
def uncordon(platform: Platform, request: Request) -> Response:
    """Put a machine back into the proxy's choice."""
    machine = held(platform, request)
    platform.machines.cordon(machine.app, machine.id, False)
    return Response(200, OK)


@route("GET", "/v1/apps/{app}/machines/{machine}/wait", op="machines.wait", limit=AROUND_A_CHANGE)
def wait(platform: Platform, request: Request) -> Wait:
    """Answer once a machine is in a state, or 408 after the timeout (60 s at most)."""
    machine = addressed(platform, request)
    states = [part for value in request.query.get("state", ["started"]) for part in value.split(",") if part]
    for state in states:
        if state not in WAIT_STATES:
            raise invalid(f"invalid_argument: state {state!r} must be one of {', '.join(WAIT_STATES)}")
    version = request.arg("version") or request.arg("instance_id")
    since = request.arg("from_event_id")
    known = {one.instance_id for one in machine.versions}
    if version and version not in known:
        raise not_found(f"machine version {version} not found")
    timeout = _timeout(request.arg("timeout"))

    def check() -> Response | None:
        if _reached(machine, states, version, since):
            newest = machine.events[0].id if machine.events else ""
            return Response(
                200, {"ok": True, "state": machine.state, "version": machine.instance_id, "event_id": newest}
            )
        if version and version != machine.instance_id:
            # A version that was replaced never gets there any more.
            message = f"failed_precondition: machine version {version} was replaced by {machine.instance_id}"
            return Response(412, {"error": message})
        if machine.state == "destroyed":
            return Response(404, {"error": f"machine not found: {machine.id} is destroyed"})
        return None

    def on_timeout() -> Response:
        wanted = " or ".join(states)
        present = machine.state if not version or version == machine.instance_id else f"{machine.state} (a new version)"
        message = f"deadline_exceeded: machine failed to reach desired state, {wanted}, currently {present}"
        return Response(408, {"error": message})

    return Wait(check, timeout, on_timeout)


def _timeout(said: str) -> float:
    if not said:
        return LONGEST_WAIT_SECONDS
    return max(1.0, min(seconds(said, LONGEST_WAIT_SECONDS, "timeout"), LONGEST_WAIT_SECONDS))


def _reached(machine: Machine, states: list[str], version: str, since: str) -> bool:
    if version and version != machine.instance_id:
        # A version that was replaced runs no more, and never will.
        return "stopped" in states or "destroyed" in states
    if machine.state in states or ("settled" in states and machine.state in SETTLED):
        return True
    if not since:
        return False
    newer = [one for one in machine.events if one.id > since]
    return any(one.status in states for one in newer)
