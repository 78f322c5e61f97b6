"""ips allocate-v4, allocate-v6 and release."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.session import Session


def allocate_v4(session: Session) -> None:
    """`ips allocate-v4 [--shared] --yes`: one of its own costs money on Fly.io, so it has to be confirmed."""
    shared = session.arguments.on("shared")
    if not shared and not session.arguments.on("yes"):
        raise Failure("yes flag must be specified when not running interactively")
    _allocate(session, "shared_v4" if shared else "v4")


def allocate_v6(session: Session) -> None:
    """`ips allocate-v6 [--private]`."""
    _allocate(session, "private_v6" if session.arguments.on("private") else "v6")


def release(session: Session) -> None:
    """`ips release ADDRESS …`."""
    if not session.arguments.words:
        raise Failure("requires at least 1 arg(s), only received 0")
    for address in session.arguments.words:
        session.api.machines("DELETE", f"/apps/{session.app}/ip_assignments/{address}")
        session.say(f"Released {address} from {session.app}")


def _allocate(session: Session, kind: str) -> None:
    made = session.api.machines("POST", f"/apps/{session.app}/ip_assignments", {"type": kind})
    session.say(f"{kind}\t{made['ip']}\t{made.get('region') or 'global'}")
