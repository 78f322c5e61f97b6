"""The runtime seam: how a machine's config becomes something that runs, as a process or on a simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from flyctl_orchestrator.local.base.machine_config import CheckSpec


class ImageNotFound(Exception):
    """The image store has no such reference; the message names it."""


@dataclass(frozen=True)
class Image:
    """One image in the platform's store.

    Attributes:
        ref: as pushed, e.g. "registry.fly.io/app:label".
        digest: "sha256:" and 64 hex characters over content and start-up instructions.
        root: directory with the snapshot, read-only by convention.
        size_bytes: content size.
        env: ENV of the last stage.
        workdir: WORKDIR of the last stage as written, e.g. "/app".
        entrypoint, cmd: exec-form argument lists (shell form is already `["/bin/sh", "-c", …]`).
        path_prefix: directories put before PATH (virtual environment, node_modules/.bin).
        links: name in the machine's directory -> absolute target, e.g. {"node_modules": …}.
        exposed_port: first EXPOSE, or None.
        user: USER, "" for root. Snapshots have none.
        labels: what LABEL says, where the image was pushed.
        pull: a reference from which a container engine can pull it, when it was pushed to the platform's registry.
            Then there are no files at `root`: it can run in an engine only.
        engine_id: the image's ID in a container engine, "" for a snapshot. Then there are no files at `root`, and
            `env`, `workdir`, `path_prefix` and `links` are the engine's business.
    """

    ref: str
    digest: str
    root: Path
    size_bytes: int
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    path_prefix: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    exposed_port: int | None = None
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    pull: str = ""
    engine_id: str = ""


class Images(Protocol):
    """Where images come from."""

    def resolve(self, ref: str) -> Image:
        """The image of a reference: `repo:label`, `repo@sha256:…`, or `repo:label@sha256:…`.

        Raises:
            ImageNotFound: nothing was pushed under it.
        """
        ...


@dataclass(frozen=True)
class Launch:
    """Everything needed to boot one machine once.

    Attributes:
        machine_id, app, region, instance_id: who it is.
        image: what runs.
        argv: the full command, overrides applied (config.init, config.processes).
        env: complete environment of the process, secrets included. Never logged.
        port: the loopback port the process should listen on.
        files: content (bytes) of each extra file, by the path the app knows it under. Never logged.
        volumes: directory of each volume, by the path the app knows it under.
        keep_rootfs: whether what the process wrote in its directory last time is still there.
        ports: loopback port of each port the app has inside.
        network: Fly's private network that the app is in.
        private_ip: the machine's address in it.
        named: whether names under .internal stand for it.
        flycast: apps that have a name under .flycast in it.
        memory_mb, cpus, swap_mb: how large the machine is; processes are not held to it.
    """

    machine_id: str
    app: str
    region: str
    instance_id: str
    image: Image
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    port: int
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    volumes: Mapping[str, Path] = field(default_factory=dict)
    keep_rootfs: bool = False
    ports: Mapping[int, int] = field(default_factory=dict)
    network: str = "default"
    private_ip: str = ""
    named: bool = True
    flycast: tuple[str, ...] = ()
    memory_mb: int = 256
    cpus: int = 1
    swap_mb: int = 0


@dataclass(frozen=True)
class ExitInfo:
    """How a process ended: exit code (128+signal when signalled) and whether it was asked to."""

    code: int
    signal: int | None
    requested: bool
    oom: bool = False


class Runtime(Protocol):
    """Runs machines. All calls return at once; what happens later is told through the callbacks, on the platform's
    own thread. A machine that is not running may be asked to stop: then `done` is called right away.
    """

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Boot. Exactly one of `on_started` (the process exists) or `on_failed` (why not) is called, and later
        `on_exit` once if it had started."""
        ...

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """Send `signal` (e.g. "SIGTERM"), kill after `timeout` seconds, then `on_exit` and `done`."""
        ...

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Freeze it where it stands; False when there is nothing to freeze."""
        ...

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let it run on; False when the snapshot is gone and a cold start is needed."""
        ...

    def signal(self, machine_id: str, signal: str) -> bool:
        """Send a signal and nothing more; False when nothing runs."""
        ...

    def forget(self, machine_id: str) -> None:
        """The machine is destroyed: remove what it left behind."""
        ...

    def running(self, machine_id: str) -> bool:
        """Whether a process exists (frozen ones too)."""
        ...

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """What runs in the machine now, or None when the runtime cannot tell."""
        ...

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """What a command that joins the machine gets, or None when it does not run or runs nowhere."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """The directory and the whole environment of a machine's process.

    Attributes:
        engine: address of the container engine that the machine is in, "" for a process. Then the directory and the
            environment are the container's business.
        container: its id in there.
    """

    directory: Path
    env: Mapping[str, str] = field(repr=False)
    engine: str = ""
    container: str = ""


@dataclass(frozen=True)
class CommandResult:
    """How a command inside a machine ended: exit code (128+signal), signal (0 for none), and what it wrote."""

    code: int
    signal: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)


class Commands(Protocol):
    """Runs commands inside machines."""

    def run(
        self,
        machine_id: str,
        argv: Sequence[str],
        stdin: bytes,
        timeout: float,
        done: Callable[[CommandResult | None], None],
    ) -> bool:
        """Start a command and return at once; False when none can be run in that machine.

        `done` is called on the platform's thread: with None when the command took longer than `timeout` seconds.
        """
        ...


@dataclass(frozen=True)
class ProcessInfo:
    """One process of a machine: pid, seconds since start, CPU seconds, command, directory, resident bytes, and the
    TCP sockets it listens on as (protocol, "address:port")."""

    pid: int
    age_seconds: float
    cpu_seconds: float
    command: str
    directory: str
    resident_bytes: int
    listen_sockets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CheckAnswer:
    """What one run of a health check said; `refused`: nobody took the connection."""

    passed: bool
    output: str
    refused: bool = False


class Prober(Protocol):
    """Runs health checks against machines."""

    def probe(self, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]) -> None:
        """Run `check` against loopback `port` and tell `done` once, within the check's own timeout."""
        ...


class Ports(Protocol):
    """Gives machines loopback ports of their own."""

    def take(self) -> int:
        """A port nobody listens on."""
        ...

    def give_back(self, port: int) -> None:
        """The machine does not need it any more."""
        ...
