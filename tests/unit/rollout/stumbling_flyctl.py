"""A flyctl whose deploys fail before they go well, and say something meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions, Ran
from tests.unit.rollout.rollout_world import World
from tests.unit.rollout.world_flyctl import WorldDeploy, WorldFlyctl


@dataclass
class StumblingDeploy(WorldDeploy):
    """One that ends with a complaint after it has changed some machines."""

    def wait(self, timeout: float) -> Ran:
        """Its end."""
        return Ran(("deploy",), 1, "", f"Error: {self.broken}\n") if self.broken else super().wait(timeout)


class Stumbling(WorldFlyctl):
    """A flyctl whose first runs fail.

    Attributes:
        complaints: of one run after the other, "" for one that goes well; once there are none left, all go well.
        changes: machines that a failing run changes before it fails.
        says: what each run prints.
    """

    def __init__(self, world: World, *complaints: str, changes: int = 0, says: str = "") -> None:
        super().__init__(world)
        self.complaints, self.changes, self.says = list(complaints), changes, says

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> WorldDeploy:
        """Start it."""
        if on_line is not None and self.says and not options.skip_release_command:
            on_line(self.says)
        complaint = self.complaints.pop(0) if self.complaints else ""
        if not complaint:
            return super().start_deploy(app, config=config, image=image, options=options)
        ids = options.only_machines
        if not self.changes:
            self.runs.append(options)
            return StumblingDeploy(self._world, [], self._world.clock.now(), complaint)
        first = replace(options, only_machines=ids[: self.changes])
        deploy = super().start_deploy(app, config=config, image=image, options=first)
        self.runs[-1] = options
        return StumblingDeploy(self._world, deploy.machines, self._world.clock.now(), complaint)
