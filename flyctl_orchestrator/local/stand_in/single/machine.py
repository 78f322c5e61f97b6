"""machine status, start, stop, suspend, restart, cordon, uncordon, destroy; machine leases view and clear."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.session import Session

_DONE = {
    "start": "{id} has been started",
    "stop": "{id} has been stopped",
    "suspend": "{id} has been suspended",
    "restart": "{id} has been restarted",
    "cordon": "Activating cordon on machine {id}...\ndone!",
    "uncordon": "Deactivating cordon on machine {id}...\ndone!",
}


def act(session: Session) -> None:
    """`machine ACTION ID …`: the action is the command's own last word."""
    action = session.arguments.command.split()[-1]
    for machine in _ids(session):
        session.api.machines("POST", f"/apps/{session.app}/machines/{machine}/{action}", {})
        session.say(_DONE[action].format(id=machine))


def status(session: Session) -> None:
    """`machine status ID`: its state, and what happened to it, newest first."""
    (machine,) = _ids(session)[:1]
    found = session.api.machines("GET", f"/apps/{session.app}/machines/{machine}")
    session.say(f"Machine ID: {found['id']}\nState: {found['state']}\nRegion: {found['region']}")
    for event in found.get("events") or []:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        session.say(f"{event['status']}\t{event['type']}\t{event.get('source') or ''}\t{at}")


def destroy(session: Session) -> None:
    """`machine destroy ID … [--force]`."""
    query = "?force=true" if session.arguments.on("force") else ""
    for machine in _ids(session):
        session.api.machines("DELETE", f"/apps/{session.app}/machines/{machine}{query}")
        session.say(f"{machine} has been destroyed")


def view_leases(session: Session) -> None:
    """`machine leases view ID … [--json]`."""
    found = {machine: lease for machine in _ids(session) if (lease := _lease(session, machine))}
    if session.arguments.on("json"):
        session.show(found)
        return
    for machine, lease in found.items():
        held = lease["data"]
        until = datetime.fromtimestamp(held["expires_at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        session.say(f"{machine}\t{held['nonce']}\t{lease['status']}\t{held.get('owner') or ''}\t{until}")
    if not found:
        session.say("No leases found")


def clear_leases(session: Session) -> None:
    """`machine leases clear ID …`: a machine that nobody holds is passed over."""
    for machine in _ids(session):
        if lease := _lease(session, machine):
            session.say(f"clearing lease for machine {machine}")
            path = f"/apps/{session.app}/machines/{machine}/lease"
            session.api.machines("DELETE", path, nonce=lease["data"]["nonce"])


def _lease(session: Session, machine: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = session.api.machines("GET", f"/apps/{session.app}/machines/{machine}/lease")
    except ApiFailure as failure:
        if failure.status == 404 and "lease not found" in failure.message:
            return None
        raise
    return found


def _ids(session: Session) -> list[str]:
    if not session.arguments.words:
        raise Failure("a machine ID must be specified when not running interactively")
    return session.arguments.words
