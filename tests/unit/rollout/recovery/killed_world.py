"""The world of a rollout that can be killed after, or just before, any line of its journal; nothing cleans up then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.flyctl.flyctl import Ran
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.plan.scale import plan_scale
from flyctl_orchestrator.rollout.recovery.recovery import Recovery
from flyctl_orchestrator.rollout.state.metadata import Verification
from tests.unit.rollout.rollout_world import APP, World
from tests.unit.rollout.world_flyctl import WorldDeploy, WorldFlyctl

FLY_TOML = """
app = "shop"
primary_region = "iad"
[http_service]
internal_port = 8080
"""


class Killed(BaseException):
    """kill -9."""


class KilledFlyctl(WorldFlyctl):
    """flyctl in an environment; a killed rollout cannot end it any more."""

    env: Mapping[str, str] = {}
    kind = "stand-in"

    def __init__(self, killed: KilledWorld) -> None:
        super().__init__(killed.world)
        self._killed = killed

    def run(self, args: Sequence[str], *, timeout: float) -> Ran:
        """Nothing but the logs is asked for, and nobody has written any."""
        self._killed.alive()
        return Ran(tuple(args), 0, "", "")

    def start_deploy(self, *args: Any, **named: Any) -> WorldDeploy:
        self._killed.alive()
        deploy = super().start_deploy(*args, **named)
        killed = self._killed

        class Orphan(WorldDeploy):
            def end(self, grace: float = 3.0) -> Any:
                killed.alive()
                return super().end(grace)

        return Orphan(deploy.world, deploy.machines, deploy.until, deploy.broken)


class KilledWorld:
    """A project on the simulated platform, and a way to kill whoever works on it.

    Args:
        directory: for the project and its journals.
        strategy: of flyo.toml.
    """

    def __init__(self, directory: Path, strategy: str = "in-place") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.world = World(directory)
        self.world.flyctl = KilledFlyctl(self)
        self.strategy = strategy
        self.events = self.world.events
        self.records = 0
        self.kill_at = 0
        self.torn = False
        self._dead = False
        self.world.on_call = lambda method, url, body: self.alive()
        (directory / "fly.toml").write_text(FLY_TOML)
        self.want(iad=1, fra=1, nrt=1)

    def want(self, **counts: int) -> None:
        """Write flyo.toml."""
        rows = "".join(f"{region} = {count}\n" for region, count in counts.items())
        rollout = f'\n[rollout]\ntimeout = "60s"\nstrategy = "{self.strategy}"\n[probe]\npath = "/up"\n'
        (self.directory / "flyo.toml").write_text("[regions]\n" + rows + rollout)

    def alive(self) -> None:
        """The dead do nothing any more, whatever their `finally` says."""
        if self._dead:
            raise Killed

    def _sync(self, descriptor: int) -> None:
        self.alive()
        self.records += 1
        if self.records == self.kill_at:
            self._dead = True
            raise Killed

    def work(self) -> Deployment:
        """A run of flyo."""
        world = self.world
        target = Target(
            kind="local",
            api_url="http://fly.test",
            token=TOKEN,
            app_url_template="http://{app}.test",
            builder_url=None,
            flyctl=world.flyctl,  # type: ignore[arg-type]  # a rollout only starts deploys with it
            http=world.http,  # type: ignore[arg-type]  # only builds and rehearsals read streams
            clock=world.clock,
            random=world.random,
        )
        project = load_project(self.directory, None, None, {})
        emit = Emitter(APP, world.clock, world.hear)
        state = self.directory / "state"
        return Deployment(
            target, project, project.flyo.rollout, InTurn(), emit, Stop(), state, who="ann@laptop", sync=self._sync
        )

    def deploy(self, image: PlannedImage) -> Outcome:
        """`flyo deploy --image`."""
        work = self.work()
        fleet = work.observe()
        return work.run(work.plan(fleet, image), fleet)

    def scale(self, **counts: int) -> Outcome:
        """`flyo scale REGION=COUNT …`."""
        work = self.work()
        fleet = work.observe()
        plan = plan_scale(fleet, {(region, "app"): count for region, count in counts.items()})
        work.announce(plan)
        return work.run(plan, fleet)

    def recovery(self) -> Recovery:
        """Another run of flyo, on the same computer."""
        return Recovery(self.work(), lambda app: 0)

    def killed(self, at: int, run: Callable[[], object], *, torn: bool = False) -> bool:
        """Run something and kill it at the `at`-th line of its journal; False when it had an end before.

        Args:
            torn: whether that line is lost: the kill came just before it was whole.
        """
        self.records, self.kill_at, self._dead = 0, at, False
        try:
            run()
        except Killed:
            pass
        dead, self._dead, self.kill_at = self._dead, False, 0
        if dead and torn:
            newest = max(
                self.work().journals.directory.glob("*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path)
            )
            text = newest.read_bytes()
            newest.write_bytes(text[: text.rstrip(b"\n").rfind(b"\n") + 20])
        return dead

    def past(self) -> PastRollout | None:
        """The rollout that never came to its end."""
        return self.work().journals.unfinished()

    def leases(self) -> int:
        """How many machines somebody holds a lease of."""
        return sum(self.world.api.find_lease(APP, machine.id) is not None for machine in self.world.machines())

    def verified(self, image: PlannedImage) -> bool:
        """Whether every machine runs an image and carries the mark of it."""
        marks = [(Verification.on(machine), machine) for machine in self.world.machines()]
        return all(m.digest == image.digest and mark is not None and mark.fits(m) for mark, m in marks)

    def journals(self) -> str:
        """Everything that was ever written down."""
        return "".join(path.read_text() for path in self.work().journals.directory.glob("*.jsonl"))
