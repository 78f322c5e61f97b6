"""Waiting for a machine: started, up for a while, checks passing."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.pool import Cancelled
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure

_SMOKE_SECONDS = 10.0
_POLL_SECONDS = 0.4
_LONGEST_WAIT = 60
Machine = dict[str, Any]


def get(deployment: Deployment, machine_id: str) -> Machine:
    """The machine now."""
    found: Machine = deployment.session.api.machines("GET", f"/apps/{deployment.app}/machines/{machine_id}")
    return found


def pause(deployment: Deployment, seconds: float = _POLL_SECONDS) -> None:
    """Wait a little, unless the deploy is being stopped.

    Raises:
        Cancelled: it is.
    """
    if deployment.cancelled.wait(seconds):
        raise Cancelled()


def wait_for_state(deployment: Deployment, machine_id: str, state: str, timeout: float) -> None:
    """Wait until the machine is in `state`, at most `timeout` seconds.

    Raises:
        Failure: it did not get there, or is gone.
    """
    until = deployment.session.now() + timeout
    while True:
        left = until - deployment.session.now()
        if left <= 0:
            raise Failure(
                f"timeout reached waiting for machine's state to change\nYour machine never reached the state "
                f'"{state}".\n\nYou can try increasing the timeout with the --wait-timeout flag'
            )
        seconds = max(1, min(_LONGEST_WAIT, round(left)))
        path = f"/apps/{deployment.app}/machines/{machine_id}/wait?state={state}&timeout={seconds}"
        try:
            deployment.session.api.machines("GET", path, seconds=float(seconds))
        except ApiFailure as failure:
            if failure.status == 404:
                if state == "destroyed":
                    return
                raise failure.during(f"failed to wait for VM {machine_id} in {state} state") from failure
            pause(deployment)
            continue
        return


def wait_until_up(deployment: Deployment, machine_id: str) -> None:
    """Watch the machine for ten seconds after its start.

    Raises:
        Failure: it keeps crashing.
    """
    if not deployment.options.smoke_checks:
        return
    until = deployment.session.now() + _SMOKE_SECONDS
    while deployment.session.now() < until:
        events = get(deployment, machine_id).get("events") or []
        if _crashing(events):
            raise Failure("the app appears to be crashing")
        started = _last_start_ms(events)
        if started is not None and deployment.session.now() - started / 1000 > _SMOKE_SECONDS:
            return
        pause(deployment)


def _crashing(events: list[dict[str, Any]]) -> bool:
    for event in events:
        if event.get("type") == "exit":
            request = event.get("request") or {}
            ended = request.get("exit_event") or {}
            restarts = request.get("restart_count", 0)
            return bool(
                not ended.get("requested_stop") and ended.get("restarting") and restarts > 1 and ended.get("exit_code")
            )
    return False


def _last_start_ms(events: list[dict[str, Any]]) -> int | None:
    """When it started after its newest launch, unless it has ended since."""
    for event in events:
        if event.get("type") in ("exit", "launch"):
            return None
        if event.get("type") == "start":
            return int(event.get("timestamp", 0))
    return None


def wait_until_healthy(deployment: Deployment, machine_id: str, config: dict[str, Any], timeout: float) -> None:
    """Wait until the machine has check results and all of them pass. Nothing to do when it has no checks.

    Raises:
        Failure: not within `timeout` seconds.
    """
    services = config.get("services") or []
    if not config.get("checks") and not any(service.get("checks") for service in services):
        return
    until = deployment.session.now() + timeout
    while True:
        checks = get(deployment, machine_id).get("checks") or []
        if checks and all(check.get("status") == "passing" for check in checks):
            return
        if deployment.session.now() >= until:
            raise Failure(
                f"timeout reached waiting for health checks to pass for machine {machine_id}: context deadline "
                "exceeded\nYou can try increasing the timeout with the --wait-timeout flag"
            )
        pause(deployment)
