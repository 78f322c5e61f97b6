"""Processes and containers side by side: a machine runs the way its image was made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flyctl_orchestrator.local.containers.runtime import ContainerRuntime
from flyctl_orchestrator.local.core.seams import (
    CommandResult,
    Commands,
    ExitInfo,
    Launch,
    ProcessInfo,
    Runtime,
    Surroundings,
)
from flyctl_orchestrator.local.runtime.process import ProcessRuntime


class RuntimeByImage:
    """Hands each machine to the runtime its image needs; a new version of it may need the other one.

    Args:
        processes: for snapshots of a build context.
        containers: for images in an engine.
    """

    def __init__(self, processes: ProcessRuntime, containers: ContainerRuntime) -> None:
        self._processes = processes
        self._containers = containers

    def _of(self, machine_id: str) -> Runtime:
        return self._containers if self._containers.running(machine_id) else self._processes

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Boot."""
        runtime: Runtime = self._containers if launch.image.engine_id else self._processes
        runtime.start(launch, on_started, on_exit, on_failed, on_log)

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """Signal, and kill after `timeout` seconds."""
        self._of(machine_id).stop(machine_id, signal, timeout, done)

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Freeze."""
        self._of(machine_id).suspend(machine_id, done)

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let it run on."""
        self._of(machine_id).resume(machine_id, done)

    def signal(self, machine_id: str, signal: str) -> bool:
        """Send a signal and nothing more."""
        return self._of(machine_id).signal(machine_id, signal)

    def forget(self, machine_id: str) -> None:
        """The machine is destroyed; it may have run both ways."""
        self._processes.forget(machine_id)
        self._containers.forget(machine_id)

    def running(self, machine_id: str) -> bool:
        """Whether it exists."""
        return self._of(machine_id).running(machine_id)

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """What runs in it."""
        return self._of(machine_id).processes(machine_id)

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """What a command that joins it gets."""
        return self._of(machine_id).surroundings(machine_id)

    def main_port(self, machine_id: str) -> int | None:
        """The port that a machine was told to listen on, None for a container, which is told nothing."""
        return None if self.published(machine_id) else self._processes.main_port(machine_id)

    def published(self, machine_id: str) -> bool:
        """Whether an engine forwards the machine's port: it takes connections even when nobody listens."""
        return self._containers.running(machine_id)


class CommandsByRuntime:
    """Runs a command in a machine's container, else beside its process.

    Args:
        containers: for machines that are containers; refuses others.
        processes: for machines that are processes.
    """

    def __init__(self, containers: Commands, processes: Commands) -> None:
        self._ways = (containers, processes)

    def run(
        self,
        machine_id: str,
        argv: Sequence[str],
        stdin: bytes,
        timeout: float,
        done: Callable[[CommandResult | None], None],
    ) -> bool:
        """Start a command; False when none can be run in the machine."""
        return any(way.run(machine_id, argv, stdin, timeout, done) for way in self._ways)
