"""A project with a fleet on a simulated Fly, to be rehearsed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.local.simulated.fly import SimulatedFly
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.prepare import prepare
from flyctl_orchestrator.rollout.rehearsal.copied import Copied
from flyctl_orchestrator.rollout.rehearsal.every_day import EveryDay
from flyctl_orchestrator.rollout.rehearsal.rehearse import RehearsalRequest, copy_fleet
from flyctl_orchestrator.rollout.rehearsal.simulated_target import simulated_target

FLY_TOML = """
app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "off"
auto_start_machines = true

[[http_service.checks]]
path = "/up"
interval = "2s"
timeout = "1s"
grace_period = "5s"
"""
FLYO_TOML = """
[regions]
iad = {count}
fra = {count}
nrt = {count}
"""


@dataclass(frozen=True)
class SimulatedProject:
    """A project, and the Fly on which it was deployed once."""

    root: Path
    target: Target

    @classmethod
    def deployed(cls, root: Path, *, count: int = 1, fly_toml: str = FLY_TOML, more: str = "") -> SimulatedProject:
        """Write the project's files and deploy it, `count` machines in each of three regions."""
        (root / "fly.toml").write_text(fly_toml)
        (root / "flyo.toml").write_text(FLYO_TOML.format(count=count) + more)
        (root / "Dockerfile").write_text("FROM scratch\n")
        settings = root / "settings"
        settings.mkdir()
        made = cls(root, simulated_target(SimulatedFly(1, settings), Random(1)))
        project = load_project(root, None, None, {})
        work = Deployment(
            target=made.target,
            project=project,
            policy=project.flyo.rollout,
            concurrency=InTurn(),
            emit=Emitter(project.app, made.target.clock),
            stop=Stop(),
            state=root / "state",
        )
        plan, fleet = prepare(work, None)
        outcome = work.run(plan, fleet)
        assert outcome.exit == 0, outcome
        return made

    def request(self) -> RehearsalRequest:
        """The next rollout."""
        project = load_project(self.root, None, None, {})
        return RehearsalRequest(project, project.flyo.rollout, [], self.root, {}, self.root / "images")

    def copy(self) -> Copied:
        """The fleet as it is."""
        return copy_fleet(self.target, self.request())

    def every_day(self, seed: int = 0) -> EveryDay:
        """Its rehearsal on every bad day."""
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        return EveryDay(self.request(), self.copy(), SimulatedFly, scratch, "local", seed)
