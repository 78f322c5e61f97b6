"""A plan that was kept in a file, to be run later: `flyo deploy --plan FILE`."""

from __future__ import annotations

import json
from pathlib import Path

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.file import plan_of_dict
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.state.metadata import definition_digest
from flyctl_orchestrator.rollout.state.observe import Fleet


def plan_of_file(path: Path, work: Deployment, fleet: Fleet) -> Plan:
    """A plan that `flyo plan --out` wrote, if it is still about this app, this fly.toml and this fleet.

    Raises:
        UsageError: the file is no plan, or another app's (exit 2).
        FlyoError: fleet, secrets or fly.toml have changed since (exit 7).
    """
    try:
        plan = plan_of_dict(json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not JSON"
        raise UsageError(f"the plan cannot be read ({why})", where=str(path), code="plan.bad_file") from error
    if plan.app != work.project.app:
        raise UsageError(f"the plan is for app {plan.app}, not {work.project.app}", where=str(path), code="plan.app")
    changed = ""
    if plan.secrets != fleet.secrets:
        changed = "the secrets have"
    elif plan.fingerprint != fleet.fingerprint():
        changed = "the fleet has"
    elif plan.definition != definition_digest(work.project.flytoml.raw):
        changed = "fly.toml has"
    if changed:
        raise FlyoError(
            f"{changed} changed since the plan was made",
            where=str(path),
            next="Make a new one with 'flyo plan --out FILE'",
            code="plan.stale",
            exit=Exit.CHANGES,
        )
    return plan
