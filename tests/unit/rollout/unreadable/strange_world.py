"""The rollout's world with somebody between flyo and the Machines API who answers what no platform answers."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, Protocol

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from tests.unit.fleet.socket_server import server
from tests.unit.rollout.rollout_world import World
from tests.unit.rollout.unreadable.mutations import mutate

#: Requests after which a run is taken for one that never ends.
ENDLESS = 5_000
# "once": one answer is strange. "now and then": every sixth one or so. "from then on": all of them, or all those of one
# kind, until the run is over.
Manner = Literal["once", "now and then", "from then on", "from then on, of one kind"]
MANNERS: tuple[Manner, ...] = ("once", "now and then", "from then on", "from then on, of one kind")


class Endless(AssertionError):
    """The run does not come to an end."""


class Wire(Protocol):
    """Receives an answer that is sent as these very bytes."""

    def __call__(self, said: bytes) -> HttpAnswer: ...


@contextmanager
def real_wire() -> Iterator[Wire]:
    """A real client and a real socket on this computer."""
    waiting: list[bytes] = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(waiting.pop())
        connection.shutdown(socket.SHUT_RDWR)

    http = RequestsHttp(SystemClock(), {})
    with server(talk) as (port, _):

        def receive(said: bytes) -> HttpAnswer:
            waiting[:] = [said]
            return http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=20)

        yield receive


class Meddling(Protocol):
    """Decides which answers are strange, and how."""

    def strikes(self, method: str, url: str) -> bool:
        """Whether the answer to the next request is a strange one."""
        ...

    def refuse(self) -> None:
        """Raise when the request does not even arrive."""
        ...

    def spoil(self, good: HttpAnswer) -> HttpAnswer:
        """What is received instead of a good answer."""
        ...


@dataclass
class Meddler:
    """Decides by chance.

    Attributes:
        first: number of the first strange one.
        kinds: how often each way to be strange came up.
    """

    chance: Random
    wire: Wire
    manner: Manner = "once"
    first: int = 0
    asked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    _victim: str = ""

    def strikes(self, method: str, url: str) -> bool:
        """Whether the answer to the next request is a strange one."""
        number, self.asked = self.asked, self.asked + 1
        if number < self.first:
            return False
        if self.manner == "once":
            return not self.kinds
        if self.manner == "now and then":
            return self.chance.random() < 0.16
        kind = f"{method} {url.split('?')[0].rsplit('/', 1)[-1]}"
        self._victim = self._victim or kind
        return self.manner == "from then on" or kind == self._victim

    def spoil(self, good: HttpAnswer) -> HttpAnswer:
        """What is received instead of a good answer."""
        made = mutate(good, self.chance)
        self.kinds[made.kind] += 1
        if isinstance(made.answer, HttpError):
            raise made.answer
        return made.answer if made.wire is None else self.wire(made.wire)

    def refuse(self) -> None:
        """Sometimes nothing arrives at the platform in the first place."""
        if self.chance.random() < 0.03:
            self.kinds["none"] += 1
            raise HttpError(self.chance.choice(["refused", "dns"]))


class MeddlingHttp:
    """Lets the platform act, and spoils its answers."""

    def __init__(self, inner: Http) -> None:
        self._inner = inner
        self.meddler: Meddling | None = None
        self.requests = 0

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        """One request; probes are answered truthfully."""
        self.requests += 1
        if self.requests > ENDLESS:
            raise Endless(f"{self.requests} requests and no end")
        strange = self.meddler is not None and "/v1/" in url and self.meddler.strikes(method, url)
        if self.meddler is None or not strange:
            return self._inner.send(method, url, headers=headers, json=json, timeout=timeout)
        self.meddler.refuse()
        return self.meddler.spoil(self._inner.send(method, url, headers=headers, json=json, timeout=timeout))


class StrangeWorld(World):
    """A world whose API can be meddled with, from a moment on."""

    def __init__(self, tmp_path: Path, *, seed: int = 0) -> None:
        super().__init__(tmp_path, seed=seed)
        self.meddling = MeddlingHttp(self.http)
        self.http = self.meddling
        self.api = MachinesApi("http://fly.test", TOKEN, self.http, self.clock, self.random, patience=10.0)

    def meddled_with(self, meddler: Meddling | None) -> None:
        """Have somebody meddle from now on, or nobody any more."""
        self.meddling.meddler = meddler
        self.meddling.requests = 0
        self.events.clear()
