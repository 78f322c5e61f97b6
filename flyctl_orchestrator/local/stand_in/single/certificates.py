"""certs list, add, check and remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.session import Session


def list_certificates(session: Session) -> None:
    """`certs list [--json]`."""
    found = session.api.machines("GET", f"/apps/{session.app}/certificates?limit=50")["certificates"] or []
    if session.arguments.on("json"):
        session.show(found)
        return
    for each in found:
        session.say(f"{each['hostname']}\tFly\t{'Issued' if each['configured'] else 'Not verified'}")


def add(session: Session) -> None:
    """`certs add HOSTNAME [--json]`."""
    _tell(session, session.api.machines("POST", f"{_path(session)}/acme", {"hostname": _hostname(session)}))


def check(session: Session) -> None:
    """`certs check HOSTNAME [--json]`."""
    _tell(session, session.api.machines("POST", f"{_path(session)}/{quote(_hostname(session), safe='')}/check", {}))


def remove(session: Session) -> None:
    """`certs remove HOSTNAME --yes`."""
    hostname = _hostname(session)
    if not session.arguments.on("yes"):
        raise Failure("yes flag must be specified when not running interactively")
    session.api.machines("DELETE", f"{_path(session)}/{quote(hostname, safe='')}")
    session.say(f"Certificate {hostname} deleted from app {session.app}")


def _path(session: Session) -> str:
    return f"/apps/{session.app}/certificates"


def _hostname(session: Session) -> str:
    if len(session.arguments.words) != 1:
        raise Failure(f"accepts 1 arg(s), received {len(session.arguments.words)}")
    return session.arguments.words[0]


def _tell(session: Session, detail: dict[str, Any]) -> None:
    if session.arguments.on("json"):
        session.show(detail)
        return
    if detail["configured"]:
        session.say("Certificate is verified and active")
        return
    needs = detail["dns_requirements"]
    for kind, values in (("A", needs["a"]), ("AAAA", needs["aaaa"]), ("CNAME", [needs["cname"]])):
        for value in values:
            session.say(f"{kind}\t{detail['hostname']}\t{value}")
