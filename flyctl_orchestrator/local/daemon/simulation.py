"""The whole platform on a clock that a test owns: the same handlers, no sockets, no processes.

    simulation = Simulation()
    simulation.images.push("registry.fly.io/a:1", Behaviour(boot_seconds=2))
    status, headers, body = simulation.send("POST", "/v1/apps", {}, {"name": "a"})

A long poll is served by moving the clock on. Threads may share one simulation: each step is taken under a lock.
"""

from __future__ import annotations

import json as json_module
import threading
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.daemon.backend import PlatformBackend
from flyctl_orchestrator.local.faults.at_proxy import FaultyBackend
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import SimulatedImages, SimulatedRuntime

TOKEN = "fo1_local_simulation"


class Simulation:
    """A platform with simulated machines.

    Args:
        seed: decides every identifier.
        settings: the knobs; a fresh set by default.
        latency: seconds that pass with every request, so that a client that polls makes time move.

    Attributes:
        clock, images, runtime, platform: the parts, for a test to look at and to steer.
        proxy_view: the machines as the proxy would see them (`proxy_view.targets(app)`).
    """

    def __init__(self, *, seed: int = 0, settings: Settings | None = None, latency: float = 0.002) -> None:
        self.clock = VirtualClock()
        self.images = SimulatedImages()
        self.runtime = SimulatedRuntime(self.clock, self.images)
        self.platform = Platform(
            clock=self.clock,
            random=Random(seed),
            images=self.images,
            runtime=self.runtime,
            prober=self.runtime,
            ports=self.runtime,
            settings=settings,
            token=TOKEN,
        )
        self.proxy_view = FaultyBackend(PlatformBackend(self.platform), self.platform.kernel)
        self._router = Router(self.platform, all_routes())
        self._latency = latency
        self._lock = threading.RLock()

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, json: Any = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request to the Machines API; the token is taken as given unless the headers say otherwise.

        Returns: status, headers (lower-case names) and body of the answer.

        Raises:
            ConnectionResetError: a fault says that the connection is closed without an answer.
        """
        lower = {"authorization": f"Bearer {TOKEN}", **{name.lower(): value for name, value in (headers or {}).items()}}
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        # Through JSON and back, as over a wire: nothing is shared between client and platform.
        body = None if json is None else json_module.loads(json_module.dumps(json))
        request = Request(method.upper(), parts.path, query=query, headers=lower, body=body)
        with self._lock:
            self.clock.advance(self._latency)
            if self.platform.tokens.authenticate(lower["authorization"]) is None:
                return _raw(Response(401, {"error": "unauthorized"}))
            answer = self._router.handle(request)
        return _raw(self._served(answer))

    def _served(self, answer: Response | Wait) -> Response:
        if isinstance(answer, Response):
            return answer
        until = self.clock.now() + answer.seconds
        while True:
            with self._lock:
                reached = answer.check()
                if reached is not None:
                    return reached
                if self.clock.now() >= until:
                    return self._served(answer.on_timeout())
                due = self.clock.next_due()
                self.clock.advance((until if due is None else min(due, until)) - self.clock.now())

    def pass_time(self, seconds: float) -> None:
        """Let time go by: what a client's sleep becomes."""
        with self._lock:
            self.clock.advance(seconds)


def _raw(response: Response) -> tuple[int, dict[str, str], bytes]:
    headers = {"content-type": "application/json", **response.headers}
    return response.status, headers, b"" if response.body is None else json_module.dumps(response.body).encode()
