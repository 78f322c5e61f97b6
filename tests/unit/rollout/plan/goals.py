"""Fleets and goals in few words, for tests of plans."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.plan.volumes import VolumeSpec
from flyctl_orchestrator.rollout.state.metadata import VERIFIED, verification_for
from flyctl_orchestrator.rollout.state.observe import Fleet

NEW = PlannedImage("registry.fly.io/shop:two", "sha256:two")
DATA = VolumeSpec("data", 3)
DEFINITION, SECRETS = "definition", "secrets"


def machine(
    name: str,
    region: str = "iad",
    *,
    group: str = "app",
    digest: str = "sha256:one",
    state: str = "started",
    **more: Any,
) -> Machine:
    """A machine of the fleet; with the new digest it is as wanted and carries its mark."""
    config: dict[str, Any] = {"image": "registry.fly.io/shop:x", **more.pop("config", {})}
    metadata = {"fly_platform_version": "v2", "fly_process_group": group}
    bare = Machine(
        name, name, "shop", region, state, f"v-{name}", config["image"], digest, group, config,
        metadata=metadata, created_at=name, **more,
    )  # fmt: skip
    if digest != NEW.digest:
        return bare
    mark = verification_for(bare, DEFINITION, SECRETS)
    return Machine(**(bare.__dict__ | {"metadata": {**metadata, VERIFIED: str(mark)}}))


def goal(counts: dict[Any, int], **more: Any) -> Desired:
    """`counts` by region, or by (region, group)."""
    places = {(key, "app") if isinstance(key, str) else key: count for key, count in counts.items()}
    groups = tuple(dict.fromkeys(group for _, group in places))
    fields: dict[str, Any] = {"primary_region": "iad", "policy": RolloutPolicy()} | more
    return Desired("shop", NEW, DEFINITION, groups, places, **fields)


def plan(machines: list[Machine], desired: Desired) -> Plan:
    return plan_rollout(Fleet("shop", True, tuple(machines), SECRETS), desired)


def shape(made: Plan) -> list[list[str]]:
    """Waves as lists of "region:first step"."""
    return [[f"{lane.region}:{lane.steps[0].kind}" for lane in wave.lanes] for wave in made.waves]
