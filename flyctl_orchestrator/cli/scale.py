"""`flyo scale`: exact machine counts per region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.locked import lock_option, locked
from flyctl_orchestrator.cli.options import json_option, target_options, yes_option
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.context.concurrency import Threads
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.lock.guard import Guard
from flyctl_orchestrator.rollout.scaling.plan import ScalePlan, plan_scale
from flyctl_orchestrator.rollout.scaling.request import Counts, check_regions, read_request
from flyctl_orchestrator.rollout.scaling.run import Scaled, Scaler
from flyctl_orchestrator.rollout.scaling.verify import Policy
from flyctl_orchestrator.rollout.state.observe import Fleet, observe

SCHEMA = "flyo.scale/1"


@click.command(short_help="Set exact machine counts per region.")
@click.argument("wanted", nargs=-1, metavar="[[GROUP:]REGION=COUNT]...")
@target_options
@json_option
@yes_option
@lock_option
@click.option("--like", metavar="MACHINE", help="Copy this machine, not the newest verified one of its group.")
@click.pass_obj
def scale(
    obj: dict[str, Environment],
    wanted: tuple[str, ...],
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    yes: bool,
    lock_wait: float,
    like: str | None,
) -> None:
    """Have exactly COUNT machines in each REGION; regions that are not named stay as they are.

    Without arguments the whole fleet is made to match flyo.toml. New machines are copies of a verified one and are
    proved healthy before anything is removed; when one fails, all new ones are removed again.
    """
    environment = obj["environment"]
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    target = resolve_target(environment, local, needs_flyctl=False)
    fleet = _fleet(target, project)
    counts = _counts(project, fleet, wanted)
    check_regions(counts, fleet, load_regions(environment.variables))
    plan = plan_scale(fleet, counts, like=like)
    if plan.empty:
        _finish(environment, plan, Scaled(), as_json)
        return
    _confirm(environment, plan, yes=yes, may_ask=not as_json)
    style = Style.of(environment.stderr, environment.variables)

    def say(tone: str, line: str) -> None:
        mark = {"good": style.paint(style.good, "good"), "bad": style.paint(style.bad, "bad")}.get(tone, style.dot)
        click.echo(f"{mark} {style.fit(line)}", file=environment.stderr, color=style.colour)

    def tell(name: str, **facts: Any) -> None:
        if (said := sentence(Event(name, environment.clock.now(), project.app, facts))) and not said.detail:
            say("bad" if said.tone == "bad" else "plain", said.text)

    with locked(environment, target, project.app, "flyo scale", lock_wait, tell) as guard, Threads() as threads:
        agreed = plan.removals
        plan = plan_scale(_under_lock(guard, target, project, fleet), counts, like=like)
        if {each.id for each in plan.removals} - {each.id for each in agreed}:
            _confirm(environment, plan, yes=yes, may_ask=not as_json)
        policy = _policy(target, project)
        scaler = Scaler(target.api, target.prober, target.clock, target.random, threads, policy, say, guard)
        done = scaler.run(plan)
    _finish(environment, plan, done, as_json)
    if wanted:
        _remind(environment, project, counts)


def _fleet(target: Target, project: Project) -> Fleet:
    fleet = observe(target.api, project.app)
    if not fleet.exists:
        raise FlyoError(
            "there is no such app yet",
            where=f"app {project.app}",
            next="'flyo deploy' creates it",
            code="app.not_found",
        )
    return fleet


def _under_lock(guard: Guard, target: Target, project: Project, fleet: Fleet) -> Fleet:
    """The fleet as it is now that nobody else changes it."""
    guard.saw(fleet)
    return guard.saw(_fleet(target, project))


def _counts(project: Project, fleet: Fleet, wanted: tuple[str, ...]) -> Counts:
    groups = tuple(dict.fromkeys((*project.flytoml.process_groups, *(machine.group for machine in fleet.managed))))
    if wanted:
        return read_request(wanted, groups)
    if project.flyo.path is None:
        raise UsageError(
            "there is no flyo.toml to match", where="flyo scale", next="Say how many, e.g. iad=2", code="scale.no_flyo"
        )
    regions = dict.fromkeys((*project.regions(), *(code for each in project.flyo.groups.values() for code in each)))
    counts = {
        (code, group): project.wanted(code, group) for code in regions for group in project.flytoml.process_groups
    }
    for machine in fleet.managed:
        counts.setdefault((machine.region, machine.group), 0)
    return counts


def _policy(target: Target, project: Project) -> Policy:
    template = target.probe_template(project.flyo.url_template)
    return Policy(template, project.flyo.probe, project.flyo.rollout.timeout)


def _confirm(environment: Environment, plan: ScalePlan, *, yes: bool, may_ask: bool) -> None:
    if not plan.removals or yes:
        return
    where = ", ".join(dict.fromkeys(machine.region for machine in plan.removals))
    what = f"{count(len(plan.removals), 'machine')} in {where}"
    if not (may_ask and environment.interactive):
        if plan.ends_service:
            raise UsageError(
                f"this destroys {what}, the last that can serve",
                where=f"app {plan.app}",
                next="Add --yes",
                code="scale.last",
            )
        return
    import questionary

    last = ", the last that can serve" if plan.ends_service else ""
    if not questionary.confirm(f"Destroy {what}{last}?", default=False).ask():
        raise click.Abort


def _finish(environment: Environment, plan: ScalePlan, done: Scaled, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(scaled_as_dict(plan, done), indent=2), file=environment.stdout)
        return
    grouped = len({group for _, group in plan.counts}) > 1
    parts = [f"{group + ':' if grouped else ''}{region} {number}" for (region, group), number in plan.counts.items()]
    state = ", ".join(parts)
    line = f"Nothing to do: {state}." if plan.empty else f"Done: {state}."
    click.echo(line, file=environment.stdout)


def scaled_as_dict(plan: ScalePlan, done: Scaled) -> dict[str, Any]:
    """What was done as one JSON object, schema flyo.scale/1 (docs/reference/scale-json.md)."""
    return {
        "schema": SCHEMA,
        "app": plan.app,
        "changed": not plan.empty,
        "counts": [
            {"region": region, "group": group, "before": plan.before[(region, group)], "count": number}
            for (region, group), number in plan.counts.items()
        ],
        "created": [
            {
                "id": each.machine.id,
                "region": each.machine.region,
                "group": each.machine.group,
                "latency_ms": round(each.answer.latency_s * 1000, 1) if each.answer and each.answer.latency_s else None,
            }
            for each in done.created
        ],
        "removed": [{"id": each.id, "region": each.region, "group": each.group} for each in done.removed],
    }


def _remind(environment: Environment, project: Project, counts: Counts) -> None:
    if project.flyo.path is None:
        return
    off = [
        f"{region}={number}" for (region, group), number in counts.items() if project.wanted(region, group) != number
    ]
    if off:
        line = f"flyo.toml says otherwise; change it too ({', '.join(off)}), or the next 'flyo scale' undoes this"
        click.echo(f"! {line}", file=environment.stderr)
