"""A plan that was kept in a file, to be run later: `flyo deploy --plan FILE`."""

from __future__ import annotations

import json
from pathlib import Path

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.plan.file import plan_of_dict
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.state.metadata import definition_digest
from flyctl_orchestrator.rollout.state.observe import Fleet


def read_kept_plan(path: Path, project: Project) -> Plan:
    """A plan that `flyo plan --out` wrote, if it is about this app and this fly.toml. Nothing is asked of Fly.

    Raises:
        UsageError: the file is no plan, or another app's (exit 2).
        FlyoError: fly.toml has changed since (exit 7).
    """
    try:
        plan = plan_of_dict(json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "not JSON"
        what, advice = f"the plan cannot be read ({why})", "Make one with 'flyo plan --out FILE'"
        raise UsageError(what, where=str(path), next=advice, code="plan.bad_file") from error
    if plan.app != project.app:
        what = f"the plan is for app {plan.app}, not {project.app}"
        advice = "Make one for it with 'flyo plan --out FILE'"
        raise UsageError(what, where=str(path), next=advice, code="plan.app")
    if plan.definition != definition_digest(project.flytoml.raw):
        raise _stale("fly.toml has", path)
    return plan


def check_fleet(plan: Plan, fleet: Fleet, path: Path) -> None:
    """Make sure that a kept plan is still about the fleet as it is.

    Raises:
        FlyoError: the fleet or its secrets have changed since (exit 7).
    """
    if plan.secrets != fleet.secrets:
        raise _stale("the secrets have", path)
    if plan.fingerprint != fleet.fingerprint():
        raise _stale("the fleet has", path)


def _stale(changed: str, path: Path) -> FlyoError:
    return FlyoError(
        f"{changed} changed since the plan was made",
        where=str(path),
        next="Make a new one with 'flyo plan --out FILE'",
        code="plan.stale",
        exit=Exit.CHANGES,
    )
