"""What fly.toml and flyo.toml say, once read and checked. Data only; durations are seconds as floats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import UsageError

DEFAULT_GROUP = "app"
"""The process group of an app that declares none (Fly.io configuration reference, `[processes]`)."""

STRATEGIES = ("in-place", "surge")
"""Values of `strategy` in `[rollout]`: in-place changes a machine where it is, surge has another one take its place."""

EVIDENCE = ("usual", "strict", "off")
"""Values of `evidence` in `[probe]`: how many answers it takes to believe that a release is as good as the last one."""

MOST_PATHS = 10
"""Paths in `[probe] paths`; every one of them costs requests."""


@dataclass(frozen=True)
class CheckDefinition:
    """One health check of fly.toml, of a service or of the machine itself (`[checks.NAME]`).

    Attributes:
        kind: "http" or "tcp".
        name: the name of a top-level check, "" for a check inside a service.
        path: of an HTTP check; None for tcp.
    """

    kind: str
    name: str = ""
    path: str | None = None


@dataclass(frozen=True)
class Service:
    """One `[http_service]` or `[[services]]` entry.

    Attributes:
        internal_port: the port the app listens on inside the machine; None when it names none.
        auto_stop: "off", "stop" or "suspend" (booleans of old files are translated).
        checks: its HTTP checks.
        processes: groups that run it; empty means the default group.
        min_running: machines in the primary region that never go to sleep.
        http: whether it came from `[http_service]`.
    """

    internal_port: int | None
    auto_stop: str = "off"
    checks: tuple[CheckDefinition, ...] = ()
    processes: tuple[str, ...] = ()
    http: bool = False
    min_running: int = 0


@dataclass(frozen=True)
class Size:
    """One `[[vm]]` entry: the size of the machines of some process groups.

    Attributes:
        size: preset name such as "shared-cpu-1x", or "" when only parts are given.
        memory_mb: None when the preset decides.
        processes: groups it applies to; empty means all.
    """

    size: str = ""
    memory_mb: int | None = None
    cpus: int | None = None
    cpu_kind: str | None = None
    gpu_kind: str | None = None
    processes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mount:
    """`[mounts]` of one process group: the volume that each of its machines has.

    Attributes:
        source: the volume's name.
        path: where it is mounted; "" when the file does not say.
        size_gb: of a volume that is made for it.
        snapshot_retention: days; None for the platform's own.
        scheduled_snapshots: whether snapshots are taken daily; None for the platform's own.
    """

    source: str
    size_gb: int = 1
    snapshot_retention: int | None = None
    scheduled_snapshots: bool | None = None
    path: str = ""


@dataclass(frozen=True)
class FlyToml:
    """The parts of fly.toml that decide a rollout; everything else stays in `raw` for flyctl to read.

    Attributes:
        app: the app's name as written, or None when the file leaves it out.
        primary_region: as written, or None.
        process_groups: names in the file's order; ("app",) when none are declared.
        default_group: the group that has whatever names no group.
        volumes: the volume of each process group that has one.
        raw: the whole parsed document.
        text: the file's text, byte for byte what was on disk once decoded.
        shown: what to call the file in messages.
        problems: what a rollout depends on and is not understood, each with its line.
        notes: what flyctl accepts and is worth a sentence before it is deployed.
    """

    app: str | None
    primary_region: str | None
    process_groups: tuple[str, ...]
    services: tuple[Service, ...]
    checks: tuple[CheckDefinition, ...]
    env: Mapping[str, str]
    sizes: tuple[Size, ...]
    volumes: Mapping[str, Mount]
    raw: Mapping[str, Any]
    path: Path
    text: str
    default_group: str = DEFAULT_GROUP
    shown: str = "fly.toml"
    problems: tuple[UsageError, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def mounts(self) -> tuple[str, ...]:
        """Process groups with a volume; empty means no volumes at all."""
        return tuple(self.volumes)

    def vm_of(self, group: str) -> Size | None:
        """The `[[vm]]` entry for process group `group`: the last that names it, else the first for all; None for none.

        Without one, flyctl leaves a machine the size it has.
        """
        named = [size for size in self.sizes if group in size.processes]
        if named:
            return named[-1]
        general = [size for size in self.sizes if not size.processes or self.belongs(size.processes, group)]
        return general[0] if general else None

    def belongs(self, processes: Collection[str], group: str) -> bool:
        """Whether a section that names these processes is process group `group`'s: none and "" mean the default one."""
        return group in processes or (group == self.default_group and (not processes or "" in processes))

    def size_of(self, group: str) -> Size:
        """The size of a new machine of process group `group` (Fly's default where the file says nothing)."""
        return self.vm_of(group) or Size()


@dataclass(frozen=True)
class RolloutPolicy:
    """`[rollout]` of flyo.toml.

    Attributes:
        strategy: one of STRATEGIES.
        canary: region of the first wave; None means the first of `[regions]`.
        width: regions changed at once after the canary; 0 means all.
        max_unavailable: machines changed at once within one region.
        bake: seconds of watching after that, once per wave.
        timeout: seconds a machine may take from its change to healthy.
        rollback: whether a failed gate puts the touched machines back.
        propagation: seconds until the proxy everywhere knows who takes requests; None is what the target is known for.
        watch: seconds for which every machine is watched from the moment it first passed.
        watch_back: the same on the way back, where it is never longer than `watch`.
        timeout_back: as `timeout` on the way back, where it is never shorter than `timeout`.
    """

    strategy: str = "in-place"
    canary: str | None = None
    width: int = 0
    max_unavailable: int = 1
    bake: float = 0.0
    timeout: float = 120.0
    rollback: bool = True
    propagation: float | None = None
    watch: float = 10.0
    watch_back: float = 3.0
    timeout_back: float = 120.0

    @property
    def patience(self) -> float:
        """Seconds that a machine which served before may take to serve again, however short the time for a new one."""
        return max(self.timeout, self.timeout_back)


@dataclass(frozen=True)
class Probe:
    """`[probe]` of flyo.toml: the look at every machine from outside.

    Attributes:
        path: requested on every machine, starts with "/"; the health path.
        timeout: seconds per request.
        passes: good answers in a row that make a machine healthy.
        identity: "auto", "required" or "off": whether region and machine in the answer must match.
        latency_factor: how many times the region's answer time before the rollout is an error; 0 turns off everything
            that is about times.
        latency_floor: seconds below which no single answer is too slow.
        command: shell command that has the last word on every machine, None for none.
        command_timeout: seconds it may take.
        paths: other pages whose answers are compared with those before the rollout.
        evidence: "usual", "strict" or "off": how sure one wants to be that they have not become worse.
        named: whether somebody has said that `path` is the health page; else it is a guess.
    """

    path: str = "/"
    timeout: float = 5.0
    passes: int = 1
    identity: str = "auto"
    latency_factor: float = 3.0
    latency_floor: float = 0.5
    command: str | None = None
    command_timeout: float = 30.0
    paths: tuple[str, ...] = ("/",)
    evidence: str = "usual"
    named: bool = True

    @property
    def pages(self) -> tuple[str, ...]:
        """Every path that is asked for, the health path first."""
        return tuple(dict.fromkeys((self.path, *self.paths)))


RUNTIMES = ("auto", "process", "container")
"""How machines run on the local platform; auto: in containers where an engine answers and `build` is not given."""


@dataclass(frozen=True)
class LocalBuild:
    """`[local]` of flyo.toml: how the local platform installs dependencies and runs machines.

    Attributes:
        build: shell command, or None to let the platform choose by what it finds.
        inputs: files relative to the project whose content keys the cache, or None for the platform's choice.
        runtime: one of RUNTIMES, or None for what the platform was told.
    """

    build: str | None = None
    inputs: tuple[str, ...] | None = None
    runtime: str | None = None


HOOKS = ("pre-deploy", "post-wave", "on-failure", "post-deploy")
"""Moments of a rollout at which a command of the user's can run."""


@dataclass(frozen=True)
class Hooks:
    """`[hooks]` of flyo.toml.

    Attributes:
        commands: one of HOOKS -> shell command.
        timeout: seconds each of them may take.
    """

    commands: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 300.0


@dataclass(frozen=True)
class Budget:
    """`[budget]` of flyo.toml: what the app may cost.

    Attributes:
        monthly_usd: US dollars per month; None for no limit.
        hours: hours a day for which machines that may sleep are counted as awake.
    """

    monthly_usd: float | None = None
    hours: float = 24.0


@dataclass(frozen=True)
class Flyo:
    """flyo.toml, with defaults for whatever it leaves out.

    Attributes:
        regions: machines per region and process group, exact; the order is the default order of waves.
        groups: the same for single process groups that differ from `regions`.
        url_template: where probes go, with "{app}" for the app's name; None for the target's own address.
        path: the file, or None when there is none.
    """

    regions: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rollout: RolloutPolicy = field(default_factory=RolloutPolicy)
    probe: Probe = field(default_factory=lambda: Probe(named=False))
    local: LocalBuild = field(default_factory=LocalBuild)
    hooks: Hooks = field(default_factory=Hooks)
    budget: Budget = field(default_factory=Budget)
    url_template: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Project:
    """One app as the user wrote it down.

    Attributes:
        root: directory of fly.toml; paths in it are relative to it.
        context: directory whose files are sent to the builder: the one the user is in, as with flyctl.
        app: the app's name, from the command line or fly.toml.
        problems: what a rollout depends on and is not understood or not possible, each with its place.
        notes: what of the files counts for nothing, a sentence each.
    """

    root: Path
    app: str
    flytoml: FlyToml
    flyo: Flyo
    context: Path = Path()
    problems: tuple[UsageError, ...] = ()
    notes: tuple[str, ...] = ()

    def require_understood(self) -> None:
        """Go on only when everything that a rollout depends on is understood.

        Raises:
            UsageError: the first problem.
        """
        if self.problems:
            raise self.problems[0]

    def regions(self) -> Mapping[str, int]:
        """Machines wanted per region: flyo.toml's, else one in the primary region.

        Raises:
            UsageError: neither file names a region. An empty answer would mean "destroy everything".
        """
        if self.flyo.regions:
            return self.flyo.regions
        if self.flytoml.primary_region:
            return {self.flytoml.primary_region: 1}
        raise UsageError(
            "no region is named, neither in flyo.toml [regions] nor as primary_region",
            where=self.flytoml.shown,
            next="Run 'flyo init --regions iad,fra,nrt'",
            code="config.no_regions",
        )

    def wanted(self, region: str, group: str) -> int:
        """How many machines of process group `group` region `region` is to have.

        Raises:
            UsageError: as `regions`.
        """
        return self.flyo.groups.get(group, self.regions()).get(region, 0)
