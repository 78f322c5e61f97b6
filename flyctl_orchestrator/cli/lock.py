"""`flyo lock`: who holds the app's lock; take it by hand, give it back."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.cli.activity import note_lock
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.locked import locker, new_record
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.clean import clean
from flyctl_orchestrator.rollout.lock.by_hand import Holder, give_back, holders, take_by_hand
from flyctl_orchestrator.rollout.lock.locked import moment
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, plain

SCHEMA = "flyo.lock/1"


def show_lock(context: CommandContext) -> None:
    """Show who holds the lock, since when and why."""
    target, project = _place(context)
    held = holders(target.api, project.app)
    if context.options.as_json:
        context.output.document(status_as_dict(project.app, held))
        return
    context.output.show(*[_sentence(each.record) for each in held] or ["The lock is free."])


def take_lock(context: CommandContext, why: str, seconds: float | None) -> None:
    """Take the lock by hand: no rollout starts, and none waits, until it is released or ends by itself.

    Args:
        why: shown to whoever wants to roll out.
        seconds: after how long it ends by itself; None for never.
    """
    target, project = _place(context)

    def tell(name: str, **facts: Any) -> None:
        if name == "note":
            context.output.say(facts["line"])

    locks = locker(context.environment, target, project, tell)
    record = take_by_hand(locks, new_record(context.environment, why=clean(why), how="hand"), lasts=seconds)
    note_lock(context, target, project.app, "taken", record.why)
    until = f" until {moment(record.expires)}" if record.expires else ""
    context.output.report(context.advice(f"Locked{until}. 'flyo lock release' releases it."))


def release_lock(context: CommandContext, *, force: bool) -> None:
    """Release the lock: your own, or with `force` anybody's. A rollout that loses its lock stops at its next step."""
    target, project = _place(context)
    held = holders(target.api, project.app)
    released = give_back(target.api, project.app, held, plain(who(context.environment)), force=force)
    names = ", ".join(each.who for each in released)
    if released:
        note_lock(context, target, project.app, "released", f"held by {names}")
    context.output.report(f"Released (was held by {names})." if released else "The lock is free.")


def _place(context: CommandContext) -> tuple[Target, Project]:
    project = context.project_to_look()
    target = context.target(needs_flyctl=False)
    try:
        target.api.get_app(project.app)
    except ApiError as error:
        if error.kind != "not_found":
            raise
        raise FlyoError(
            "there is no such app yet",
            where=f"app {project.app}",
            next=target.creating(project.app),
            code="app.not_found",
        ) from error
    return target, project


def status_as_dict(app: str, held: list[Holder]) -> dict[str, Any]:
    """Who holds the lock as one JSON object, schema flyo.lock/1 (docs/reference/lock-json.md)."""
    rows = [each.record.as_dict() | {"machine": each.machine} for each in held]
    return {"schema": SCHEMA, "app": app, "locked": bool(rows), "holders": rows}


def _sentence(record: LockRecord) -> str:
    how = "by hand" if record.by_hand else "by a rollout"
    since = f" since {moment(record.since)}" if record.since else ""
    if not record.by_hand and record.expires:
        end = f", until {moment(record.expires)} unless it is renewed"
    else:
        end = f", until {moment(record.expires)}" if record.expires else ", until it is released"
    return f"Locked {how}: {record.who}{since}{end}: {record.why}"
