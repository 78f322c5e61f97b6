"""flyctl's part of a rollout's world: what its deploy does to machines, at once and without a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions, Ran

if TYPE_CHECKING:
    from tests.unit.rollout.rollout_world import World


@dataclass
class WorldDeploy:
    """A running `flyctl deploy`: its changes are made at once, its waiting is asked for later."""

    world: World
    machines: list[str]
    until: float
    broken: str = ""
    interrupted: bool = False

    @property
    def running(self) -> bool:
        if self.broken or self.interrupted or self.world.clock.now() >= self.until:
            return False
        return not all(self._settled(each) for each in self.machines)

    def _settled(self, machine_id: str) -> bool:
        body = self.world.machine(machine_id)
        if body is None or body["state"] in ("stopped", "suspended"):
            return True
        return body["state"] == "started" and all(check["status"] == "passing" for check in body["checks"])

    def wait(self, timeout: float) -> Ran:
        good = not self.broken and not self.interrupted and all(self._settled(each) for each in self.machines)
        return Ran(("deploy",), 0 if good else 1, "", "" if good else f"Error: {self.broken or 'timed out'}\n")

    def end(self, grace: float = 3.0) -> Ran:
        # The real one misses its own half a second to give its leases back.
        for machine_id in self.machines:
            if self.world.machine(machine_id) is not None:
                self.world.call("POST", f"/v1/apps/{self.world.app}/machines/{machine_id}/lease?ttl=13", {})
        self.interrupted = True
        return Ran(("deploy",), 127, "", "")


class WorldFlyctl:
    """Does to machines what flyctl's deploy does, with the definition the world has."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.broken = ""
        self.runs: list[DeployOptions] = []

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> WorldDeploy:
        world = self._world
        self.runs.append(options)
        deploy = WorldDeploy(world, [], world.clock.now() + 2 * options.wait_timeout, self.broken)
        if self.broken:
            return deploy
        world.release += 1
        chosen = [body for body in world.bodies() if _selected(body, options)]
        groups = {body["config"]["metadata"]["fly_process_group"] for body in chosen}
        for body in chosen:
            deploy.machines.append(world.flyctl_update(body, image))
        if not options.update_only:
            wanted = options.process_groups or world.groups
            region = options.primary_region or None
            deploy.machines += [world.flyctl_create(group, image, region) for group in wanted if group not in groups]
        return deploy


def _selected(body: Mapping[str, Any], options: DeployOptions) -> bool:
    metadata = body["config"].get("metadata", {})
    group = metadata.get("fly_process_group")
    return (
        (not options.regions or body["region"] in options.regions)
        and (not options.only_machines or body["id"] in options.only_machines)
        and (not options.process_groups or group in options.process_groups)
        and group is not None
        and metadata.get("fly_platform_version") == "v2"
    )
