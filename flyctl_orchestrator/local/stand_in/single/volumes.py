"""volumes list, create, update, destroy."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.session import Session

# As fly-go has it: they are there for a while, and flyctl does not show them.
_GOING = ("scheduling_destroy", "fork_cleanup", "waiting_for_detach", "pending_destroy", "destroying", "destroyed")


def list_volumes(session: Session) -> None:
    """`volumes list [--json]`."""
    every = session.api.machines("GET", f"/apps/{session.app}/volumes") or []
    found = [each for each in every if each.get("state") not in _GOING]
    if session.arguments.on("json"):
        session.show(found)
        return
    for each in found:
        holder = each.get("attached_machine_id") or ""
        session.say(f"{each['id']}\t{each['state']}\t{each['name']}\t{each['size_gb']}GB\t{each['region']}\t{holder}")


def create(session: Session) -> None:
    """`volumes create NAME -r REGION [-s GB] [-n COUNT]`; it asks nothing, since no host of Fly.io is meant."""
    arguments = session.arguments
    region = arguments.text("region")
    if not region:
        raise Failure("region flag must be specified when not running interactively")
    wanted: dict[str, Any] = {
        "name": _one(session, "the volume's name"),
        "region": region,
        "size_gb": _number(session, "size"),
        "snapshot_retention": _number(session, "snapshot-retention"),
        "auto_backup_enabled": arguments.on("scheduled-snapshots"),
    }
    for _ in range(_number(session, "count")):
        made = session.api.machines("POST", f"/apps/{session.app}/volumes", wanted)
        if arguments.on("json"):
            session.show(made)
        else:
            session.say(f"{made['id']}\t{made['name']}\t{made['region']}\t{made['size_gb']}GB")


def update(session: Session) -> None:
    """`volumes update ID [--snapshot-retention DAYS] [--scheduled-snapshots=BOOL]`."""
    given = session.arguments.given
    changes: dict[str, Any] = {}
    if "snapshot-retention" in given:
        changes["snapshot_retention"] = _number(session, "snapshot-retention")
    if "scheduled-snapshots" in given:
        changes["auto_backup_enabled"] = session.arguments.on("scheduled-snapshots")
    made = session.api.machines("PUT", f"/apps/{session.app}/volumes/{_one(session, 'the id')}", changes)
    session.say(f"{made['id']}\t{made['name']}\t{made['region']}\t{made['size_gb']}GB")


def destroy(session: Session) -> None:
    """`volumes destroy ID … --yes`."""
    if not session.arguments.on("yes"):
        raise Failure("yes flag must be specified when not running interactively")
    for volume in session.arguments.words or [_one(session, "the id")]:
        gone = session.api.machines("DELETE", f"/apps/{session.app}/volumes/{volume}")
        session.say(f"Destroyed volume ID: {volume} name: {gone['name']}")


def _one(session: Session, what: str) -> str:
    if len(session.arguments.words) != 1:
        raise Failure(f"accepts 1 arg(s), received {len(session.arguments.words)}: {what} must be given")
    return session.arguments.words[0]


def _number(session: Session, flag: str) -> int:
    text = session.arguments.text(flag)
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 10_000):
        raise Failure(f'invalid argument "{text}" for "--{flag}" flag')
    return int(text)
