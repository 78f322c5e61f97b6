"""`flyo lock`: who holds the app's lock; take it by hand, give it back."""

from __future__ import annotations

import time
from typing import Any

from flyctl_orchestrator.cli.activity import note_lock
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.locked import locker, new_record
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.numbers import duration
from flyctl_orchestrator.rollout.lock.by_hand import give_back, needs_a_machine
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.observe import Fleet, observe

SCHEMA = "flyo.lock/1"


def show_lock(context: CommandContext) -> None:
    """Show who holds the lock, since when and why."""
    environment = context.environment
    _, fleet = _look(context)
    now = environment.clock.now()
    if context.options.as_json:
        context.output.document(status_as_dict(fleet, now))
        return
    context.output.show(*[_sentence(each.record, now) for each in fleet.locks] or ["Nobody holds the lock."])


def take_lock(context: CommandContext, why: str, seconds: float | None) -> None:
    """Take the lock by hand: no rollout starts, and none waits, until it is released or ends by itself.

    Args:
        why: shown to whoever wants to roll out.
        seconds: after how long it ends by itself; None for never.
    """
    environment = context.environment
    target, fleet = _look(context)
    needs_a_machine(fleet)
    expires = environment.clock.now() + seconds if seconds else None
    record = new_record(environment, why=why, how="hand", expires=expires)
    locks = locker(environment, target, fleet.app, lambda name, **fields: None)
    held, _ = locks.take(record, fleet)
    try:
        locks.confirm(held)
    finally:
        # What is on the platform outlives this command; the computer's own lock cannot.
        locks.computer.release()
    note_lock(context, target, fleet.app, "taken", why)
    until = f" until {_moment(expires)}" if expires else ""
    context.output.report(f"Locked{until}. 'flyo lock release' gives it back.")


def release_lock(context: CommandContext, *, force: bool) -> None:
    """Release the lock: your own, or with `force` anybody's. A rollout that loses its lock stops at its next step."""
    environment = context.environment
    target, fleet = _look(context)
    released = give_back(target.api, fleet, who(environment), force=force)
    names = ", ".join(each.who for each in released)
    if released:
        note_lock(context, target, fleet.app, "released", f"held by {names}")
    context.output.report(f"Released (was held by {names})." if released else "Nobody holds the lock.")


def _look(context: CommandContext) -> tuple[Target, Fleet]:
    project = context.project_to_look()
    target = context.target(needs_flyctl=False)
    fleet = observe(target.api, project.app)
    if not fleet.exists:
        raise FlyoError(
            "there is no such app yet",
            where=f"app {project.app}",
            next="'flyo deploy' creates it",
            code="app.not_found",
        )
    return target, fleet


def status_as_dict(fleet: Fleet, now: float) -> dict[str, Any]:
    """Who holds the lock as one JSON object, schema flyo.lock/1 (docs/reference/lock-json.md)."""
    holders = [
        each.record.as_dict() | {"machines": list(each.machines), "expired": each.record.expired(now)}
        for each in fleet.locks
    ]
    locked = any(not each["expired"] for each in holders)
    return {"schema": SCHEMA, "app": fleet.app, "locked": locked, "holders": holders}


def _sentence(record: LockRecord, now: float) -> str:
    how = "by hand" if record.how == "hand" else "by a rollout"
    told = f"Locked {how}: {record.who} since {_moment(record.since)} ({duration(max(0.0, now - record.since))} ago)"
    if record.expires is None:
        end = ", until it is released"
    elif record.expired(now):
        end = f", no sign of life since {_moment(record.expires)}" if record.how == "rollout" else ", which is over"
    else:
        end = "" if record.how == "rollout" else f", until {_moment(record.expires)}"
    return f"{told}{end}: {record.why}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
