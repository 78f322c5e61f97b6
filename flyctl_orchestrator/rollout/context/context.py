"""What a rollout acts with. Everything comes from outside, so that a test can own all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions, Ran
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.metrics import Metrics
from flyctl_orchestrator.fleet.probe import Answer, Identity
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.context.concurrency import Concurrency, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.hooks import HookRunner
from flyctl_orchestrator.rollout.lock.guard import Guard, Unguarded
from flyctl_orchestrator.rollout.state.secret_names import Fingerprints


class RunningDeploy(Protocol):
    """A `flyctl deploy` that was started."""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        ...

    def wait(self, timeout: float) -> Ran:
        """Wait for its end, `timeout` seconds at most."""
        ...

    def end(self, grace: float = 3.0) -> Ran:
        """Interrupt it, and kill it when it is still there after `grace` seconds."""
        ...


class Deployer(Protocol):
    """What is needed of flyctl: to start a deploy of an image that exists."""

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> RunningDeploy:
        """Start it and return at once."""
        ...


class MachineProber(Protocol):
    """Looks at one machine from outside."""

    def check(
        self,
        url_template: str,
        app: str,
        machine: Machine,
        path: str,
        timeout: float,
        identity: Identity = "auto",
        *,
        guessed: bool = False,
    ) -> Answer:
        """Probe one machine once; never raises for a bad answer."""
        ...


@dataclass(frozen=True)
class Edge:
    """How the proxy between the world and the machines behaves.

    Attributes:
        propagation: seconds until a change of who takes requests is known everywhere.
        counted_after: seconds until an answer to a user is in the metrics.
        reaches_cordoned: whether a request that names a cordoned machine is sure to reach it; where it is not, silence
            proves nothing, and the platform's checks decide until the machine is uncordoned.
    """

    propagation: float = 0.0
    reaches_cordoned: bool = True
    counted_after: float = 0.0


# Fly's proxy hears of a change within about 10 s; flyctl's bluegreen waits as long (its internal/command/deploy).
# Its metrics are read every 15 s.
EDGES = {"fly": Edge(propagation=10.0, reaches_cordoned=False, counted_after=15.0), "local": Edge()}


def edge_of(kind: str, propagation: float | None) -> Edge:
    """The edge of a target ("fly" or "local"); `propagation` seconds replace the usual ones when they are given."""
    usual = EDGES[kind]
    return usual if propagation is None else replace(usual, propagation=propagation)


@dataclass(frozen=True)
class RolloutContext:
    """The means to act on one app.

    Attributes:
        config: the fly.toml, absolute.
        directory: where flyctl runs; None for that of `config`. Files that fly.toml names by `local_path` are there.
        app_url: where probes go, "{app}" standing for the app's name.
        timeout: seconds a machine may take from its change to healthy.
        timeout_back: the same on the way back, where it is longer than `timeout`: what served before is given the time
            it takes, however short the time for what was new.
        watch_back: seconds for which machines are watched on the way back once they have passed.
        secrets_version: of the newest secrets, when known; machines boot with no older ones.
        logs: command that shows what a machine wrote, "{app}" and "{machine}" standing for theirs.
        sized: process groups whose machine size fly.toml says.
        edge: how the target's proxy behaves.
        metrics: counts what users are answered, None where nobody does.
        guard: the lock it all happens under.
        hooks: the user's own commands.
        newest_lines: the last lines that a machine wrote, oldest first, by its id, how many at most, and since when
            (seconds of the platform's clock); never raises.
        secrets_at: the secrets as they were when they had a digest, None when nothing here remembers; never raises.
    """

    app: str
    api: MachinesApi
    flyctl: Deployer
    prober: MachineProber
    clock: Clock
    concurrency: Concurrency
    emit: Emitter
    stop: Stop
    config: Path
    app_url: str
    probe: Probe
    timeout: float
    watch_back: float = 0.0
    timeout_back: float = 0.0
    directory: Path | None = None
    secrets_version: int | None = None
    sized: frozenset[str] = frozenset()
    edge: Edge = Edge()
    metrics: Metrics | None = None
    logs: str = "flyctl logs --app {app} --machine {machine}"
    guard: Guard = field(default_factory=Unguarded)
    hooks: HookRunner = field(default_factory=HookRunner)
    newest_lines: Callable[[str, int, float], Sequence[str]] = lambda machine_id, limit, since: ()
    secrets_at: Callable[[str], Fingerprints | None] = lambda digest: None

    def logs_of(self, machine_id: str) -> str:
        """What to type to see what a machine wrote."""
        return self.logs.replace("{app}", self.app).replace("{machine}", machine_id)

    def look(self, machine: Machine) -> Answer:
        """Ask a machine for its health page once."""
        return self.ask(machine, self.probe.path)

    def ask(self, machine: Machine, path: str) -> Answer:
        """Ask a machine for a page once; only its health page has to say which machine it is."""
        probe = self.probe
        identity: Identity = probe.identity  # type: ignore[assignment]
        if identity == "required" and path != probe.path:
            identity = "auto"
        guessed = path == probe.path and not probe.named
        return self.prober.check(self.app_url, self.app, machine, path, probe.timeout, identity, guessed=guessed)
