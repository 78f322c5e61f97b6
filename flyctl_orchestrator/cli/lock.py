"""`flyo lock`: who holds the app's lock; take it by hand, give it back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.cli.locked import locker, new_record
from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.policy import Duration
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.numbers import duration
from flyctl_orchestrator.rollout.lock.by_hand import give_back, needs_a_machine
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.observe import Fleet, observe

SCHEMA = "flyo.lock/1"


@click.group(short_help="Who holds the app's lock; take it by hand, give it back.")
def lock() -> None:
    """One rollout at a time works on an app, whoever starts it from wherever: it holds the app's lock.

    Taken by hand, the lock keeps every rollout away until it is given back.
    """


@lock.command(short_help="Who holds it, since when and why.")
@target_options
@json_option
@click.pass_obj
def status(
    obj: dict[str, Environment], local: bool, app_name: str | None, config_path: Path | None, as_json: bool
) -> None:
    """Show who holds the lock, since when and why."""
    environment = obj["environment"]
    _, fleet = _look(environment, local, app_name, config_path)
    now = environment.clock.now()
    if as_json:
        click.echo(json.dumps(status_as_dict(fleet, now), indent=2), file=environment.stdout)
        return
    for line in [_sentence(each.record, now) for each in fleet.locks] or ["Nobody holds the lock."]:
        click.echo(line, file=environment.stdout)


@lock.command(short_help="Keep every rollout away until it is released.")
@target_options
@click.option("--why", default="taken by hand", help="Shown to whoever wants to roll out.")
@click.option("--for", "seconds", type=Duration(), metavar="DURATION", help="Let it end by itself, e.g. after 2h.")
@click.pass_obj
def take(
    obj: dict[str, Environment],
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    why: str,
    seconds: float | None,
) -> None:
    """Take the lock by hand: no rollout starts, and none waits, until it is released or ends by itself."""
    environment = obj["environment"]
    target, fleet = _look(environment, local, app_name, config_path)
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
    until = f" until {_moment(expires)}" if expires else ""
    click.echo(f"Locked{until}. 'flyo lock release' gives it back.", file=environment.stdout)


@lock.command(short_help="Give it back.")
@target_options
@click.option("--force", is_flag=True, help="Also somebody else's, or a running rollout's, which then stops.")
@click.pass_obj
def release(
    obj: dict[str, Environment], local: bool, app_name: str | None, config_path: Path | None, force: bool
) -> None:
    """Release the lock: your own, or with --force anybody's. A rollout that loses its lock stops at its next step."""
    environment = obj["environment"]
    target, fleet = _look(environment, local, app_name, config_path)
    released = give_back(target.api, fleet, who(environment), force=force)
    names = ", ".join(each.who for each in released)
    click.echo(f"Released (was held by {names})." if released else "Nobody holds the lock.", file=environment.stdout)


def _look(
    environment: Environment, local: bool, app_name: str | None, config_path: Path | None
) -> tuple[Target, Fleet]:
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    target = resolve_target(environment, local, needs_flyctl=False)
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
