"""`flyo history`: the rollouts of an app, newest first."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.flyctl import Release
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.numbers import duration
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Cell, Column, render
from flyctl_orchestrator.report.terminal import columns
from flyctl_orchestrator.rollout.journal.history import HistoryEntry, history_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore

GOOD = ("done", "resumed", "nothing", "complete")


@click.command(short_help="Rollouts of the app, newest first.")
@target_options
@json_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.pass_obj
def history(
    obj: dict[str, Environment],
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    limit: int,
) -> int:
    """Show when the app was rolled out, by whom, what, and how it ended.

    Rollouts of this computer come from its journals; those of others from the machines' metadata and flyctl's
    releases, which tell less.
    """
    environment = obj["environment"]
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    target = resolve_target(environment, local)
    directory = state_directory(environment) / "rollouts" / target.kind / project.app
    machines = [machine for machine in target.api.list_machines(project.app) if machine.managed]
    rows = history_of(JournalStore(directory, project.app).all(), machines, _releases(target, project.app, environment))
    rows = rows[:limit]
    if as_json:
        click.echo(json.dumps([row.as_dict() for row in rows], indent=2), file=environment.stdout)
        return 0
    style = Style.of(environment.stdout, environment.variables)
    if not rows:
        click.echo(f"No rollout of app {project.app} is known.", file=environment.stdout)
        return 0
    titles = [
        Column(name) for name in ("when", "rollout", "release", "who", "image", "waves", "outcome", "exit", "took")
    ]
    for line in render(titles, [_cells(row) for row in rows], style, columns(style, environment.variables)):
        click.echo(line, file=environment.stdout, color=style.colour)
    return 0


def _releases(target: Target, app: str, environment: Environment) -> list[Release]:
    try:
        return target.flyctl.releases(app)
    except FlyoError as error:
        # The journals are worth showing without them.
        click.echo(f"warning: flyctl's releases are missing here: {error.what}", file=environment.stderr)
        return []


def _cells(row: HistoryEntry) -> list[Cell | str]:
    bad = row.outcome in ("mixed", "failed", "inconclusive", "unfinished", "interrupted")
    tone = "good" if row.outcome in GOOD else "bad" if bad else "plain"
    outcome = f"rollback {row.outcome}" if row.kind == "rollback" else row.outcome
    return [
        time.strftime("%Y-%m-%d %H:%M", time.localtime(row.at)),
        Cell(row.id, "strong"),
        f"v{row.release}" if row.release is not None else "-",
        row.who or "-",
        row.image.rpartition("/")[2] or "-",
        "-" if row.waves is None else str(row.waves),
        Cell(outcome, tone),  # type: ignore[arg-type]
        "-" if row.exit is None else str(row.exit),
        "-" if row.seconds is None else duration(row.seconds),
    ]
