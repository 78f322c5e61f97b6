"""`flyo plan`: what a deploy would change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.policy import POLICY_FLAGS, policy_options
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.plan_text import plan_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.cost import plan_cost
from flyctl_orchestrator.rollout.plan.desired import with_flags
from flyctl_orchestrator.rollout.plan.file import plan_as_dict


@click.command(short_help="Show what a deploy would change, machine by machine.")
@target_options
@json_option
@click.option("-i", "--image", help="Plan for this image; without it every machine counts as changed by a new one.")
@policy_options
@click.option("--detailed-exit-code", is_flag=True, help="End with 7 when there is something to change.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also write the plan to this file.")
@click.pass_obj
def plan(
    obj: dict[str, Environment],
    /,
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    image: str | None,
    detailed_exit_code: bool,
    out: Path | None,
    **flags: object,
) -> int:
    """Show what a deploy would change, wave by wave and machine by machine; nothing is built or changed.

    The local platform builds in a moment and without a trace on the fleet, so there the image is built and compared.
    """
    environment = obj["environment"]
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    policy = with_flags(project.flyo.rollout, **{name: flags.get(name) for name in POLICY_FLAGS})
    target = resolve_target(environment, local, needs_flyctl=False)
    emit = Emitter(project.app, environment.clock)
    work = Deployment(target, project, policy, InTurn(), emit, Stop(), state_directory(environment))
    fleet = work.observe()
    wanted = work.given_image(image)
    if wanted.ref is None and target.builder_url and fleet.exists:
        wanted = work.build()
    made = work.plan(fleet, wanted)
    prices, regions = load_prices(environment.variables)[0], load_regions(environment.variables)
    cost = plan_cost(made, fleet.machines, project.flytoml, prices, regions)
    document = plan_as_dict(made) | {"cost": cost.as_dict()}
    if out is not None:
        _write(environment.cwd / out, document)
    if as_json:
        click.echo(json.dumps(document, indent=2), file=environment.stdout)
    else:
        style = Style.of(environment.stdout, environment.variables)
        for line in plan_lines(made, style, cost):
            click.echo(style.fit(line), file=environment.stdout, color=style.colour)
    return int(Exit.CHANGES) if detailed_exit_code and (not made.empty or made.drift) else int(Exit.OK)


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FlyoError(
            f"the plan cannot be written ({error.strerror or error})", where=str(path), code="plan.unwritable"
        ) from error
