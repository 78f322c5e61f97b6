"""What `flyo rehearse` does: the next rollout on a copy of the fleet, with faults if wanted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off, heeding
from flyctl_orchestrator.cli.judged import require_no_errors, require_valid
from flyctl_orchestrator.cli.local.client import local_directory
from flyctl_orchestrator.cli.local.following import followed
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.cli.rehearse.throwaway import throwaway
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.report.html.page import rollout_page
from flyctl_orchestrator.report.html.timeline import Timeline
from flyctl_orchestrator.report.outcome_text import outcome_lines
from flyctl_orchestrator.rollout.context.concurrency import Threads
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.rehearsal.fault_spec import parse_fault
from flyctl_orchestrator.rollout.rehearsal.rehearse import (
    Rehearsal,
    RehearsalPlatform,
    RehearsalRequest,
    RehearsalResult,
    copy_fleet,
)


def run_rehearsal(
    context: CommandContext,
    *,
    from_live: bool,
    faults: tuple[str, ...],
    secrets_file: str | None,
    before: Path | None,
    html: Path | None = None,
) -> int:
    """Rehearse; gives the exit status that `flyo deploy` would have had.

    Args:
        from_live: copy the app on Fly.io even where FLYO_TARGET names the local platform.
        faults: as they are written on the command line.
        secrets_file: NAME=VALUE lines for the copy, "-" for stdin; None for placeholders.
        before: directory with the code that runs now; None for the project's own.
        html: where to write a report; None for none.

    Raises:
        FlyoError: it cannot be rehearsed.
    """
    environment, options = context.environment, context.options
    request = rehearsal_request(context, faults=faults, secrets_file=secrets_file, before=before)
    project = request.project
    timeline = Timeline()
    reporter = choose_reporter(environment, context.output, as_json=options.as_json, verbose=options.verbose)
    try:
        with followed(environment, project.app) as follow, breaking_off(), throwaway(environment) as own:
            emit = Emitter(project.app, environment.clock, reporter.event, follow, timeline.hear)
            target = resolve_target(own.environment, True)
            require_valid(context, target, project)
            require_no_errors(context, project)
            source = source_of(context, from_live)
            copy = copy_fleet(source, request)
            with Threads() as threads:
                # Until the rollout itself begins a signal ends the rehearsal; from then on it takes the rollout back.
                place = RehearsalPlatform(
                    target, state_directory(own.environment), own.scratch, threads, during=heeding
                )
                result = Rehearsal(request, place, emit, source.kind).run(copy)
    finally:
        reporter.close()
    if not options.as_json:
        _show(context, result, source, project.app)
    if html is not None:
        keep_page(context, rollout_page(timeline, load_regions(environment.variables)), html)
    return result.exit


def rehearsal_request(
    context: CommandContext, *, faults: tuple[str, ...], secrets_file: str | None, before: Path | None
) -> RehearsalRequest:
    """What is to be rehearsed, of the project's files and the command line.

    Raises:
        UsageError: one of them is wrong.
    """
    environment, project = context.environment, context.project(understood=False)
    project.regions()
    return RehearsalRequest(
        project=project,
        policy=context.policy(project),
        faults=[parse_fault(each) for each in faults],
        before=environment.cwd / before if before else project.context,
        secrets=_secrets(environment, secrets_file),
        images=local_directory(environment),
    )


def source_of(context: CommandContext, from_live: bool) -> Target:
    """Where the fleet is that is copied.

    Args:
        from_live: Fly.io, even where FLYO_TARGET names the local platform.

    Raises:
        UsageError: --local names the other one.
    """
    environment, local = context.environment, context.options.local
    if from_live and local:
        raise UsageError("--from-live and --local cannot be used together", where="flyo rehearse", next="Choose one")
    if from_live:
        kept = {name: value for name, value in environment.variables.items() if name != "FLYO_TARGET"}
        environment = replace(environment, variables=kept)
    return resolve_target(environment, local, needs_flyctl=False)


def _secrets(environment: Environment, source: str | None) -> dict[str, str]:
    if source is None:
        return {}
    from flyctl_orchestrator.cli.secrets.input import read_env_text
    from flyctl_orchestrator.project.envfile import parse_env

    text, shown = read_env_text(environment, source)
    return parse_env(text, shown=shown).values


def _show(context: CommandContext, result: RehearsalResult, source: Target, app: str) -> None:
    output = context.output
    if result.outcome is not None:
        output.report(*outcome_lines(result.outcome, output.style, output.width, url=""))
    where = "on Fly.io" if source.kind == "fly" else "on the local platform"
    output.report(
        f"What would have happened: {result.what}; exit status {result.exit}.",
        f"This was a copy: app {app} {where} was not touched.",
    )
