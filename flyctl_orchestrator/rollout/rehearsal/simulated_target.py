"""A Fly in this very process as something to act on: its clock, its HTTP and its flyctl behind the usual interfaces."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol

from flyctl_orchestrator.fleet.flyctl.child_process import Ended
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl, OnLine
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.requests_http import LARGEST_ANSWER
from flyctl_orchestrator.fleet.target import Target


class SimulatedRun(Protocol):
    """A flyctl that was started there."""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        ...

    def wait(self, timeout: float) -> tuple[int, str, str, bool]:
        """Let time pass until it has ended: exit status, stdout, stderr, and whether that took too long."""
        ...

    def end(self) -> tuple[int, str, str, bool]:
        """Interrupt it."""
        ...


class SimulatedWire(Protocol):
    """What can be had of such a Fly: time, one HTTP request, one command line."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment that leads to it."""
        ...

    def now(self) -> float:
        """Seconds since the epoch, on its clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass there."""
        ...

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; raises ConnectionRefusedError, ConnectionResetError and TimeoutError as sockets do."""
        ...

    def flyctl(self, words: Sequence[str], directory: Path, on_line: Callable[[str], None]) -> SimulatedRun:
        """Start flyctl with these words after its name."""
        ...


def simulated_target(wire: SimulatedWire, random: Random) -> Target:
    """Where to act in a simulation."""
    variables, clock = wire.variables, WireClock(wire)
    token = variables["FLY_API_TOKEN"]
    own = {name: value for name, value in variables.items() if not name.startswith("FLYO_")}
    return Target(
        kind="local",
        api_url=variables["FLY_FLAPS_BASE_URL"],
        token=token,
        app_url_template=variables["FLYO_APP_URL"],
        builder_url=variables["FLYO_BUILDER_URL"],
        flyctl=Flyctl(("flyctl",), own, clock, "stand-in", private=(token,), spawn=partial(WireChild, wire)),
        http=WireHttp(wire),
        clock=clock,
        random=random,
    )


@dataclass(frozen=True)
class WireClock:
    """The simulation's time; sleeping moves it."""

    wire: SimulatedWire

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        return self.wire.now()

    def monotonic(self) -> float:
        """The same: that clock is never set."""
        return self.wire.now()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.wire.sleep(seconds)


@dataclass(frozen=True)
class WireHttp:
    """HTTP to the simulation, with the limits that the real client has."""

    wire: SimulatedWire

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        """As `Http.send`."""
        since = self.wire.now()
        body = b"" if json is None else json_module.dumps(json).encode()
        try:
            status, got, raw = self.wire.send(method, url, headers, body, timeout)
        except ConnectionRefusedError:
            raise HttpError("refused", "connection refused") from None
        except ConnectionResetError:
            raise HttpError("reset", "the connection broke off") from None
        except TimeoutError:
            raise HttpError("timeout", f"no answer within {timeout:g} s") from None
        if got.get("content-encoding") or len(raw) > LARGEST_ANSWER:
            raise HttpError("unreadable", "it is compressed unasked, or too large")
        return HttpAnswer(status, got, raw, self.wire.now() - since)

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        idle_timeout: float,
        on_line: Callable[[str], None],
    ) -> HttpAnswer:
        """As `StreamingHttp.stream`; all lines come at once."""
        answer = self.send(method, url, headers=headers, json=json, timeout=idle_timeout)
        if not 200 <= answer.status < 300:
            return answer
        for line in answer.body.decode(errors="replace").splitlines():
            on_line(line)
        return HttpAnswer(answer.status, answer.headers, b"", answer.elapsed_seconds)


class WireChild:
    """A flyctl of the simulation, as a child process."""

    def __init__(
        self,
        wire: SimulatedWire,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_line: OnLine | None,
        grace: float,
    ) -> None:
        self._run = wire.flyctl(argv[1:], cwd, on_line or (lambda line: None))

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._run.running

    def wait(self, timeout: float) -> Ended:
        """Wait for its end, at most `timeout` seconds."""
        return Ended(*self._run.wait(timeout))

    def end(self, grace: float) -> None:
        """Interrupt it."""
        self._run.end()
