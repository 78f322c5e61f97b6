"""`flyo status`: machines, releases and health per region, now."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Probe, Project
from flyctl_orchestrator.project.project import FLY_TOML, load_project
from flyctl_orchestrator.rollout.plan.desired import desired_of
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.state.observe import observe
from flyctl_orchestrator.rollout.survey import ProbePlan, Survey, look, survey

DETAILED = "Exit 7 when the fleet is mixed or has drifted, 1 when a machine is not healthy."


@click.command(short_help="Machines, releases and health per region.")
@target_options
@json_option
@click.option("--machines", "by_machine", is_flag=True, help="A row per machine instead of one per region.")
@click.option("--no-probe", is_flag=True, help="Do not ask the machines; show only what the platform knows.")
@click.option("--detailed-exit-code", is_flag=True, help=DETAILED)
@click.option("--watch", "interval", type=click.FloatRange(min=1), metavar="SECONDS", help="Again and again.")
@click.pass_obj
def status(
    obj: dict[str, Environment],
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    by_machine: bool,
    no_probe: bool,
    detailed_exit_code: bool,
    interval: float | None,
) -> int:
    """Show per region: machines, states, release, image, checks, and what every started machine answers right now.

    Sleeping machines are not woken. Says when the fleet is mixed, or differs from flyo.toml.
    """
    environment = obj["environment"]
    if interval and as_json:
        raise UsageError("--watch is for people", where="flyo status", next="Run it with --json again and again")
    project = _project(environment, config_path, app_name)
    app = project.app if project else str(app_name)
    target = resolve_target(environment, local, needs_flyctl=False)
    if interval is None:
        found = _survey(target, app, project, probe=not no_probe)
        _show(environment, target, found, as_json=as_json, by_machine=by_machine)
        return _exit(found) if detailed_exit_code else Exit.OK
    try:
        while True:
            found = _survey(target, app, project, probe=not no_probe)
            _show(environment, target, found, as_json=False, by_machine=by_machine, clear=True)
            environment.clock.sleep(interval)
    except KeyboardInterrupt:
        return Exit.OK


def _project(environment: Environment, config_path: Path | None, app_name: str | None) -> Project | None:
    """The project here, or None: with --app a look from anywhere is possible, without one there must be files."""
    if app_name and config_path is None and not (environment.cwd / FLY_TOML).exists():
        return None
    return load_project(environment.cwd, config_path, app_name, environment.variables)


def _survey(target: Target, app: str, project: Project | None, *, probe: bool) -> Survey:
    fleet = observe(target.api, app)
    if not fleet.exists:
        where = "the local platform" if target.kind == "local" else "Fly.io"
        raise FlyoError(
            f"there is no such app on {where}",
            where=f"app {app}",
            next="'flyo deploy' creates it",
            code="app.not_found",
        )
    settings = project.flyo.probe if project else Probe()
    override = project.flyo.url_template if project else None
    plan = ProbePlan(target.probe_template(override), settings.path, settings.timeout, settings.identity)  # type: ignore[arg-type]
    seen = look(fleet, target.prober, plan if probe else None)
    return survey(fleet, seen, desired_of(project, PlannedImage()) if project else None)


def _show(
    environment: Environment, target: Target, found: Survey, *, as_json: bool, by_machine: bool, clear: bool = False
) -> None:
    from flyctl_orchestrator.report.status_json import status_as_dict
    from flyctl_orchestrator.report.status_text import status_lines
    from flyctl_orchestrator.report.style import Style
    from flyctl_orchestrator.report.terminal import columns

    url = target.app_url(found.app)
    if as_json:
        data = status_as_dict(found, target=target.kind, url=url, now=environment.clock.now())
        click.echo(json.dumps(data, indent=2), file=environment.stdout)
        return
    style = Style.of(environment.stdout, environment.variables)
    lines = status_lines(found, style, columns(style, environment.variables), url=url, by_machine=by_machine)
    if clear and style.live:
        click.echo("\x1b[H\x1b[2J", nl=False, file=environment.stdout)
    click.echo("\n".join(lines), file=environment.stdout, color=style.colour)


def _exit(found: Survey) -> Exit:
    if found.unhealthy:
        return Exit.ERROR
    return Exit.CHANGES if found.findings else Exit.OK
