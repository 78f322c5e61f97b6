"""Machines that exist on a clock only: boot times, health and crashes follow a script per image.

The same seam as real processes, so the same platform code runs above it, thousands of rollouts a minute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.base.image_names import own_name
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core.seams import (
    CheckAnswer,
    ExitInfo,
    Image,
    ImageNotFound,
    Launch,
    ProcessInfo,
    Surroundings,
)


@dataclass
class Behaviour:
    """What a machine of one image does.

    Attributes:
        boot_seconds: from launch to the process existing.
        healthy_seconds: from the process existing to checks passing; None: they never pass.
        exit_after_seconds: the process ends by itself that long after it started; None: it runs on.
        exit_code: with which it ends.
        stop_seconds: how long it takes to end when told to; more than the timeout means it is killed.
        fails_to_start: why the machine cannot start at all, or None.
        healthy: asked with (machine id, region) at every check after `healthy_seconds`; None means always.
        answer_seconds: how long it takes to answer a request.
        answers: asked with (machine id, region, path) for the status of an answer; None means 200.
    """

    boot_seconds: float = 1.0
    healthy_seconds: float | None = 0.5
    exit_after_seconds: float | None = None
    exit_code: int = 1
    stop_seconds: float = 0.2
    fails_to_start: str | None = None
    healthy: Callable[[str, str], bool] | None = None
    answer_seconds: float = 0.02
    answers: Callable[[str, str, str], int] | None = None


class SimulatedImages:
    """Images that are only names. Every reference that was `push`ed exists; its digest follows from it by default."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._behaviours: dict[str, Behaviour] = {}

    def push(self, ref: str, behaviour: Behaviour | None = None, digest: str = "") -> Image:
        """Make `ref` exist, with that digest, and behave so. What it stood for before still has its own digest."""
        digest = digest or digest_of(ref)
        self._digests[ref], self._names[digest] = digest, ref
        self._behaviours[digest] = behaviour or Behaviour()
        return self.resolve(ref)

    def remove(self, ref: str) -> None:
        """The image is gone, as after a registry was pruned."""
        digest = self._digests.pop(ref)
        del self._behaviours[digest], self._names[digest]

    def resolve(self, ref: str) -> Image:
        """The image of a reference. Raises ImageNotFound."""
        name, _, wanted = own_name(ref).partition("@")
        digest = wanted or self._digests.get(name, "")
        known = self._names.get(digest)
        labelled = ":" in name.rpartition("/")[2]
        if known is None or (labelled and known != name):
            raise ImageNotFound(ref)
        return Image(ref=known, digest=digest, root=Path("/"), size_bytes=0, cmd=("simulated",))

    def behaviour(self, digest: str) -> Behaviour:
        """How machines of the image with this digest behave."""
        return self._behaviours[digest]


def digest_of(ref: str) -> str:
    """The digest a simulated image has."""
    return f"sha256:{hashlib.sha256(ref.encode()).hexdigest()}"


@dataclass
class _Process:
    launch: Launch
    behaviour: Behaviour
    on_exit: Callable[[ExitInfo], None]
    started_at: float | None = None
    frozen: bool = False
    stopping: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)


class SimulatedRuntime:
    """Runs nothing: lets time pass. Also answers health checks and hands out port numbers."""

    def __init__(self, clock: Clock, images: SimulatedImages) -> None:
        self._clock = clock
        self._images = images
        self._processes: dict[str, _Process] = {}
        self._next_port = 10_000

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Boot as the image's script says."""
        behaviour = self._images.behaviour(launch.image.digest)
        if behaviour.fails_to_start is not None:
            self._clock.call_later(behaviour.boot_seconds, partial(on_failed, behaviour.fails_to_start))
            return
        process = _Process(launch, behaviour, on_exit)
        self._processes[launch.machine_id] = process
        self._clock.call_later(behaviour.boot_seconds, partial(self._booted, process, on_started))

    def _booted(self, process: _Process, on_started: Callable[[], None]) -> None:
        if self._processes.get(process.launch.machine_id) is not process or process.stopping:
            return
        process.started_at = self._clock.now()
        if process.behaviour.exit_after_seconds is not None:
            code = process.behaviour.exit_code
            self._clock.call_later(process.behaviour.exit_after_seconds, partial(self._end, process, code, None))
        on_started()

    def _end(self, process: _Process, code: int, signal: int | None) -> None:
        if self._processes.get(process.launch.machine_id) is not process:
            return
        if process.frozen and signal is None:
            return
        del self._processes[process.launch.machine_id]
        if process.started_at is not None:
            process.on_exit(ExitInfo(code, signal, requested=process.stopping))
        for done in process.waiting:
            done()

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """End it after its `stop_seconds`, or after `timeout` by force."""
        process = self._processes.get(machine_id)
        if process is None:
            done()
            return
        process.stopping = True
        process.waiting.append(done)
        by_force = signal == "SIGKILL" or process.frozen or process.behaviour.stop_seconds > timeout
        wait = 0.0 if signal == "SIGKILL" else min(timeout, process.behaviour.stop_seconds)
        ending = partial(self._end, process, 137, 9) if by_force else partial(self._end, process, 0, None)
        self._clock.call_later(wait, ending)

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Freeze it."""
        process = self._processes.get(machine_id)
        if process is None or process.started_at is None:
            done(False)
            return
        process.frozen = True
        done(True)

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let it run on."""
        process = self._processes.get(machine_id)
        if process is None or not process.frozen:
            done(False)
            return
        process.frozen = False
        done(True)

    def signal(self, machine_id: str, signal: str) -> bool:
        """SIGKILL ends it; other signals are ignored, as by an app that does not care."""
        process = self._processes.get(machine_id)
        if process is None or process.started_at is None:
            return False
        if signal == "SIGKILL":
            self._end(process, 137, 9)
        return True

    def launched(self, machine_id: str) -> Launch:
        """What a machine that exists was launched with. Raises KeyError."""
        return self._processes[machine_id].launch

    def lose_snapshot(self, machine_id: str) -> None:
        """A frozen machine's memory is gone, as after a host migration: the next start is cold."""
        process = self._processes.get(machine_id)
        if process is not None and process.frozen:
            del self._processes[machine_id]

    def forget(self, machine_id: str) -> None:
        """Nothing was left behind."""

    def running(self, machine_id: str) -> bool:
        """Whether it exists, booting and frozen ones included."""
        return machine_id in self._processes

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """Not known: nothing runs."""
        return None

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """None: nothing runs."""
        return None

    def probe(self, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]) -> None:
        """Answer as the image's script says, at once."""
        done(self._answer(machine_id, check, port))

    def _answer(self, machine_id: str, check: CheckSpec, port: int) -> CheckAnswer:
        process = self._processes.get(machine_id)
        if process is None or process.started_at is None or process.behaviour.healthy_seconds is None:
            return CheckAnswer(False, f"connection refused on port {port}")
        behaviour = process.behaviour
        assert behaviour.healthy_seconds is not None
        if self._clock.now() < process.started_at + behaviour.healthy_seconds:
            return CheckAnswer(False, f"connection refused on port {port}")
        if behaviour.healthy is not None and not behaviour.healthy(machine_id, process.launch.region):
            return CheckAnswer(False, "500 Internal Server Error" if check.type == "http" else "connection reset")
        return CheckAnswer(True, "200 OK" if check.type == "http" else "Success")

    def answer(self, machine_id: str, path: str) -> tuple[int, float] | None:
        """Status of a machine's answer to a GET and the seconds it takes, or None: the connection is refused.

        A machine that listens but whose checks fail answers those paths, too: what `answers` says is all there is.
        """
        process = self._processes.get(machine_id)
        if process is None or process.started_at is None or process.frozen:
            return None
        behaviour = process.behaviour
        if behaviour.healthy_seconds is None or self._clock.now() < process.started_at + behaviour.healthy_seconds:
            return None
        status = 200 if behaviour.answers is None else behaviour.answers(machine_id, process.launch.region, path)
        return status, behaviour.answer_seconds

    def take(self) -> int:
        """A number that serves as a port."""
        self._next_port += 1
        return self._next_port

    def give_back(self, port: int) -> None:
        """Numbers are not used twice."""
