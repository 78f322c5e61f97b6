"""`flyo rollback`: back to an earlier release, the short way."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.locked import lock_option
from flyctl_orchestrator.cli.options import json_option, target_options, yes_option
from flyctl_orchestrator.cli.run_under_lock import run_under_lock
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.recovery.recovery import state_plan
from flyctl_orchestrator.rollout.recovery.rollback_target import State, choose_state
from flyctl_orchestrator.rollout.recovery.unfinished import make_way, recovery_of
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.undo.plan import plan_way_back


@click.command(short_help="Go back to an earlier release, the short way.")
@click.argument("wanted", metavar="[RELEASE|ROLLOUT]", required=False)
@target_options
@json_option
@yes_option
@lock_option
@click.option("-v", "--verbose", is_flag=True, help="Every step and probe.")
@click.pass_obj
def rollback(
    obj: dict[str, Environment],
    wanted: str | None,
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    yes: bool,
    verbose: bool,
    lock_wait: float,
) -> int:
    """Give every machine back what it had: image, configuration, count and sleep, proved by the same gate.

    Without a name it goes to the last good state before the present one; a release number or a rollout's id ('flyo
    history') names another. All regions go at once, without canary or bake. It is never taken back by itself.
    """
    environment = obj["environment"]
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    target = resolve_target(environment, local, needs_flyctl=False)
    undo = ""

    def act(work: Deployment) -> Outcome:
        nonlocal undo
        outcome, undo = _go(work, wanted, environment, ask=not yes and not as_json)
        return outcome

    outcome = run_under_lock(
        environment,
        target,
        project,
        "flyo rollback",
        act,
        policy=project.flyo.rollout,
        hooks=False,
        lock_wait=lock_wait,
        as_json=as_json,
        verbose=verbose,
    )
    if undo and not outcome.exit and not as_json:
        click.echo(f"To undo this: {undo}{' --local' if local else ''}", file=environment.stderr)
    return int(outcome.exit)


def _go(work: Deployment, wanted: str | None, environment: Environment, *, ask: bool) -> tuple[Outcome, str]:
    with breaking_off():
        make_way(work)
        past = work.journals.unfinished() if wanted is None else None
        if past is None or not past.changing:
            fleet = work.observe()
            chosen = choose_state(work.journals, fleet, work.target.api, wanted)
            wave = plan_way_back(chosen.restore_point, {machine.id: machine for machine in fleet.machines}, work.limit)
            if not wave.lanes:
                return Outcome("nothing", f"the fleet is at {chosen.said} already"), ""
            _announce(work, chosen, wave)
            if ask and environment.interactive and not _agreed(chosen, wave):
                raise click.Abort
    if past is not None and past.changing:
        # The last good state is the one that the unfinished rollout has begun with.
        work.emit("note", line=f"rollout {past.id} was stopped half-way; going back to where it began")
        return recovery_of(work).abort(past), ""
    return _return(work, chosen, fleet), chosen.undo


def _return(work: Deployment, chosen: State, fleet: Fleet) -> Outcome:
    plan = state_plan(work.project.app, fleet, list(chosen.restore_point.machines.values()))
    return recovery_of(work).return_to(chosen.restore_point, plan, fleet, towards=chosen.towards)


def _announce(work: Deployment, chosen: State, wave: Wave) -> None:
    work.emit("note", line=f"going back to {chosen.said}")
    for lane in wave.lanes:
        if lane.action == "destroy":
            work.emit("note", line=f"{lane.region} {lane.machine} was not there then and will be destroyed")
    for line in chosen.notes:
        work.emit("warning", code="rollback.note", what=line)


def _agreed(chosen: State, wave: Wave) -> bool:
    import questionary

    return bool(questionary.confirm(f"Go back to {chosen.said} ({len(wave.lanes)} machines)?", default=True).ask())
