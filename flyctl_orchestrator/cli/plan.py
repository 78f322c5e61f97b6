"""What `flyo plan` does: shows what a deploy would change, and keeps it in a file if asked to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.catalog.budget import require_within_budget
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.judged import require_buildable, require_no_errors, require_valid, settle_regions
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.report.plan_text import plan_lines
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.cost import plan_cost
from flyctl_orchestrator.rollout.plan.file import plan_as_dict
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.prepare import preview


def run_plan(context: CommandContext, image: str | None, out: Path | None, *, detailed: bool) -> int:
    """Show the plan; nothing on the fleet is changed.

    Args:
        image: to plan for, instead of one still to be built.
        out: file that is to hold the plan, too.
        detailed: end with 7 when there is something to change.

    Raises:
        FlyoError: it cannot be planned, written or shown.
    """
    environment = context.environment
    project = context.project(understood=False)
    policy = context.policy(project)
    require_within_budget(context, project)
    target = context.target(needs_flyctl=False)
    project = settle_regions(context, target, project)
    require_valid(context, target, project, needed=False)
    require_no_errors(context, project, warnings=True)
    if image is None:
        require_buildable(context, target, project)
    emit = Emitter(project.app, environment.clock)
    work = Deployment(target, project, policy, InTurn(), emit, Stop(), state_directory(environment))
    work = replace(work, build_options=context.options.build, part=Part(**context.options.part))
    plan, fleet = preview(work, image)
    prices, regions = load_prices(environment.variables)[0], load_regions(environment.variables)
    cost = plan_cost(plan, fleet.machines, project.flytoml, prices, regions, fleet.volumes)
    document = plan_as_dict(plan) | {"cost": cost.as_dict()}
    if out is not None:
        _write(environment.cwd / out, document)
    if context.options.as_json:
        context.output.document(document)
    else:
        drift = tuple(replace(each, what=context.advice(each.what)) for each in plan.drift)
        context.output.show(*plan_lines(replace(plan, drift=drift), cost))
    return int(Exit.CHANGES) if detailed and (not plan.empty or plan.drift) else int(Exit.OK)


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FlyoError(
            f"the plan cannot be written ({error.strerror or error})",
            where=str(path),
            next="Name another file with --out",
            code="plan.unwritable",
        ) from error
