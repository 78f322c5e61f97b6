"""flyctl on a clock that its caller moves: the stand-in's commands, and a deploy that is looked at now and then."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flyctl_orchestrator.local.daemon.simulation import Simulation
from flyctl_orchestrator.local.stand_in.arguments import parse
from flyctl_orchestrator.local.stand_in.commands import Command, find
from flyctl_orchestrator.local.stand_in.deploy.stepwise import SteppedDeploy
from flyctl_orchestrator.local.stand_in.failures import EXIT_FAILED, MISUNDERSTOOD, Failure, misunderstood
from flyctl_orchestrator.local.stand_in.session import Session

LOOK_SECONDS = 0.4
REFRESH_SECONDS = 4.0
OnLine = Callable[[str], None]
Ended = tuple[int, str, str, bool]
"""Exit status, stdout, stderr, and whether it was ended because it took too long."""


class SimulatedFlyctl:
    """Starts flyctl.

    Args:
        environment: the variables that lead to the simulation.
    """

    def __init__(self, simulation: Simulation, environment: Mapping[str, str]) -> None:
        self._simulation = simulation
        self._environment = environment

    def start(self, words: Sequence[str], directory: Path, on_line: OnLine) -> Run:
        """Start a command; all but a deploy end at once.

        Args:
            words: the command line after the program's name.
            directory: where it runs.
            on_line: called with every line that it prints.
        """
        out, err = _Lines(on_line), _Lines(on_line)
        run = Run(self._simulation, out, err)
        try:
            command = find(words)
            session = self._session(command, words, directory, out, err)
            if command.name == "deploy":
                run.deploy(SteppedDeploy(session))
            else:
                command.load()(session)
                run.status = 0
        except (Failure, *MISUNDERSTOOD) as problem:
            failure = problem if isinstance(problem, Failure) else misunderstood(problem)
            err.write(f"Error: {failure.message}\n")
            run.status = EXIT_FAILED
        return run

    def _session(self, command: Command, words: Sequence[str], directory: Path, out: _Lines, err: _Lines) -> Session:
        return Session(
            arguments=parse(command.name, command.flags, list(words)[len(command.name.split()) :]),
            env=self._environment,
            cwd=directory,
            stdin=io.BytesIO(),
            out=out,
            err=err,
            now=self._simulation.clock.now,
            sleep=self._simulation.pass_time,
            wire=self._wire,
        )

    def _wire(
        self,
        host: str,
        port: int,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        status, got, raw = self._simulation.exchange(method, path, headers, body or b"", seconds)
        return status, raw, got


class Run:
    """One flyctl that was started.

    Attributes:
        status: its exit status, None while it runs.
    """

    def __init__(self, simulation: Simulation, out: _Lines, err: _Lines) -> None:
        self.status: int | None = None
        self._simulation = simulation
        self._out = out
        self._err = err
        self._deploy: SteppedDeploy | None = None
        self._refresh_at = 0.0

    def deploy(self, deploy: SteppedDeploy) -> None:
        """Go on with a deploy as time passes."""
        self._deploy = deploy
        self._refresh_at = self._simulation.clock.now() + REFRESH_SECONDS
        deploy.begin()
        self._go_on()

    def _go_on(self) -> None:
        if self._deploy is None or self.status is not None:
            return
        self.status = self._deploy.status
        if self.status is None:
            self._simulation.clock.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._deploy is None or self.status is not None:
            return
        if self._simulation.clock.now() >= self._refresh_at:
            self._refresh_at = self._simulation.clock.now() + REFRESH_SECONDS
            self._deploy.keep_leases()
        self._deploy.step()
        self._go_on()

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status is None

    def wait(self, timeout: float) -> Ended:
        """Let time pass until it has ended, `timeout` seconds at most; then it is interrupted."""
        until = self._simulation.clock.now() + timeout
        while self.running and self._simulation.clock.now() < until:
            self._simulation.pass_time(min(LOOK_SECONDS, until - self._simulation.clock.now()))
        timed_out = self.running
        return (*self.end()[:3], timed_out)

    def end(self) -> Ended:
        """Interrupt it, if it still runs."""
        if self.running and self._deploy is not None:
            self._deploy.interrupt()
            self.status = self._deploy.status
        return (
            self.status if self.status is not None else EXIT_FAILED,
            self._out.getvalue(),
            self._err.getvalue(),
            False,
        )


class _Lines(io.StringIO):
    """Keeps what is written, and hands it on line by line."""

    def __init__(self, on_line: OnLine) -> None:
        super().__init__()
        self._on_line = on_line
        self._open = ""

    def write(self, text: str) -> int:
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self._on_line(line)
        return super().write(text)
