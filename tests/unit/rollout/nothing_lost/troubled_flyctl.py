"""A flyctl that meets the troubles of the platform, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions
from tests.unit.rollout.world_flyctl import WorldDeploy, WorldFlyctl

if TYPE_CHECKING:
    from tests.unit.rollout.nothing_lost.troubled_world import TroubledWorld


class Refused(Exception):
    """The platform did not do what somebody other than flyo asked for, or its answer does not tell."""

    def __init__(self, what: str, *, perhaps: bool = False) -> None:
        super().__init__(what)
        self.perhaps = perhaps


class TroubledDeploy(WorldDeploy):
    """A flyctl whose clean-up may be refused."""

    def end(self, grace: float = 3.0) -> Any:
        """Interrupt it."""
        try:
            return super().end(grace)
        except Refused:
            self.interrupted = True
            return super(TroubledDeploy, replace(self, machines=[])).end(grace)


class TroubledFlyctl(WorldFlyctl):
    """A flyctl that meets the same platform, and ends where it is refused."""

    def __init__(self, world: TroubledWorld) -> None:
        super().__init__(world)
        self._troubled = world

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> WorldDeploy:
        """Change the machines one after the other."""
        world = self._troubled
        deploy = TroubledDeploy(world, [], world.clock.now() + 2 * options.wait_timeout)
        if world.during("flyctl-gives-up") or world.during("blackout"):
            deploy.broken = "could not reach the platform"
            return deploy
        world.release += 1
        chosen = [body for body in world.bodies() if _chosen(body, options)]
        have = {body["config"]["metadata"]["fly_process_group"] for body in chosen}
        missing = [] if options.update_only else [g for g in options.process_groups or world.groups if g not in have]
        try:
            for number, body in enumerate(chosen):
                if number and world.during("flyctl-stops-midway"):
                    raise Refused("killed")
                deploy.machines.append(world.flyctl_update(body, image))
            for group in missing:
                deploy.machines.append(world.flyctl_create(group, image, options.primary_region or None))
        except Refused as refusal:
            deploy.broken = str(refusal)
        return deploy


def _chosen(body: Mapping[str, Any], options: DeployOptions) -> bool:
    metadata = body["config"].get("metadata") or {}
    group = metadata.get("fly_process_group")
    return (
        group is not None
        and metadata.get("fly_platform_version") == "v2"
        and (not options.regions or body["region"] in options.regions)
        and (not options.only_machines or body["id"] in options.only_machines)
        and (not options.process_groups or group in options.process_groups)
    )
