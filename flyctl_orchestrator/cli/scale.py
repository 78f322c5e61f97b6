"""`flyo scale`: exact machine counts per region."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.locked import locked
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.numbers import count
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


def run_scale(context: CommandContext, wanted: tuple[str, ...], like: str | None) -> None:
    """Have as many machines as asked for, or with nothing asked for as flyo.toml says.

    Args:
        wanted: REGION=COUNT or GROUP:REGION=COUNT.
        like: id of the machine to copy, instead of the newest verified one of its group.

    Raises:
        FlyoError: it cannot be done; the message says what became of the fleet.
    """
    environment = context.environment
    project = context.project()
    target = context.target(needs_flyctl=False)
    fleet = _fleet(target, project)
    counts = _counts(project, fleet, wanted)
    check_regions(counts, fleet, load_regions(environment.variables))
    plan = plan_scale(fleet, counts, like=like)
    if plan.empty:
        _finish(context, plan, Scaled())
        return
    _confirm(context, plan)
    style = context.output.side_style

    def say(tone: str, line: str) -> None:
        mark = {"good": Span(style.good, "good"), "bad": Span(style.bad, "bad")}.get(tone, Span(style.dot))
        context.output.say(Line.of(mark, f" {line}"))

    def tell(name: str, **facts: Any) -> None:
        if (said := sentence(Event(name, environment.clock.now(), project.app, facts))) and not said.detail:
            say("bad" if said.tone == "bad" else "plain", said.text)

    with (
        locked(environment, target, project.app, "flyo scale", context.options.lock_wait, tell) as guard,
        Threads() as threads,
    ):
        agreed = plan.removals
        plan = plan_scale(_under_lock(guard, target, project, fleet), counts, like=like)
        if {each.id for each in plan.removals} - {each.id for each in agreed}:
            _confirm(context, plan)
        policy = _policy(target, project)
        scaler = Scaler(target.api, target.prober, target.clock, target.random, threads, policy, say, guard)
        done = scaler.run(plan)
    _finish(context, plan, done)
    if wanted:
        _remind(context, project, counts)


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


def _confirm(context: CommandContext, plan: ScalePlan) -> None:
    if not plan.removals or context.options.yes:
        return
    where = ", ".join(dict.fromkeys(machine.region for machine in plan.removals))
    what = f"{count(len(plan.removals), 'machine')} in {where}"
    if not context.may_ask:
        if plan.ends_service:
            raise UsageError(
                f"this destroys {what}, the last that can serve",
                where=f"app {plan.app}",
                next="Add --yes",
                code="scale.last",
            )
        return
    last = ", the last that can serve" if plan.ends_service else ""
    context.insist(f"Destroy {what}{last}?")


def _finish(context: CommandContext, plan: ScalePlan, done: Scaled) -> None:
    if context.options.as_json:
        context.output.record(scaled_as_dict(plan, done), indent=2)
        return
    grouped = len({group for _, group in plan.counts}) > 1
    parts = [f"{group + ':' if grouped else ''}{region} {number}" for (region, group), number in plan.counts.items()]
    state = ", ".join(parts)
    line = f"Nothing to do: {state}." if plan.empty else f"Done: {state}."
    context.output.report(line)


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


def _remind(context: CommandContext, project: Project, counts: Counts) -> None:
    if project.flyo.path is None:
        return
    off = [
        f"{region}={number}" for (region, group), number in counts.items() if project.wanted(region, group) != number
    ]
    if off:
        line = f"flyo.toml says otherwise; change it too ({', '.join(off)}), or the next 'flyo scale' undoes this"
        context.output.say(f"! {line}")
