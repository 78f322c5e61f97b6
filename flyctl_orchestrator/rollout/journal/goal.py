"""What a rollout's journal keeps of its goal, so that it can be finished as it was meant."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import desired_of
from flyctl_orchestrator.rollout.plan.plan import Plan


def goal_as_dict(project: Project, policy: RolloutPolicy, plan: Plan) -> dict[str, Any]:
    """What it is for, counts, policy and whether a release command is run, as plain JSON values."""
    if plan.kind == "scale":
        asked = [[count.region, count.group, count.count] for count in plan.counts]
        return {"kind": "scale", "counts": asked, "policy": asdict(policy), "release_command": False}
    counts = desired_of(project, plan.image, policy).counts
    deploy = project.flytoml.raw.get("deploy")
    command = isinstance(deploy, dict) and bool(deploy.get("release_command"))
    return {
        "kind": "deploy",
        "counts": [[region, group, count] for (region, group), count in counts.items()],
        "policy": asdict(policy),
        "release_command": command and any(wave.flyctl and wave.flyctl.release_command for wave in plan.waves),
    }
