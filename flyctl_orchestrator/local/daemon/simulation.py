"""The whole platform on a clock that a test owns: the same handlers, no sockets, no processes.

    simulation = Simulation()
    simulation.images.push("registry.fly.io/a:1", Behaviour(boot_seconds=2))
    status, headers, body = simulation.send("POST", "/v1/apps", {}, {"name": "a"})
    status, headers, body = simulation.visit("a", "/", {"fly-force-instance-id": machine})

A long poll is served by moving the clock on. Threads may share one simulation: each step is taken under a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.daemon.backend import PlatformBackend
from flyctl_orchestrator.local.daemon.simulated_proxy import SimulatedProxy
from flyctl_orchestrator.local.faults.at_proxy import FaultyBackend
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import SimulatedImages, SimulatedRuntime

TOKEN = "fo1_local_simulation"


class Simulation:
    """A platform with simulated machines.

    Args:
        seed: decides every identifier.
        settings: of the platform; the defaults when None.
        latency: seconds that pass with every request, so that a client that polls makes time move.

    Attributes:
        clock, images, runtime, platform: the parts, for a test to look at and to steer.
        proxy_view: the machines as the proxy sees them (`proxy_view.targets(app)`).
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
        self._proxy = SimulatedProxy(self.proxy_view, self.platform, self.runtime, self.clock, Random(seed))
        self._router = Router(self.platform, all_routes())
        self._latency = latency
        self._lock = threading.RLock()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """One request to the Machines API; the token is taken as given unless the headers say otherwise.

        Args:
            timeout: seconds the client waits for the whole answer; None: for ever.

        Returns: status, headers (lower-case names) and body of the answer.

        Raises:
            ConnectionResetError: a fault says that the connection is closed without an answer, or in its middle.
            TimeoutError: the answer takes longer; that much time has passed.
        """
        # Through JSON and back, as over a wire: nothing is shared between client and platform.
        return self.exchange(method, url, headers or {}, b"" if json is None else msgspec.json.encode(json), timeout)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float | None
    ) -> tuple[int, dict[str, str], bytes]:
        """`send` with a body as it is on the wire; one that is no JSON is answered with 400."""
        lower = {"authorization": f"Bearer {TOKEN}", **{name.lower(): value for name, value in headers.items()}}
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        try:
            said = msgspec.json.decode(body) if body else None
        except ValueError as problem:
            return _on_the_wire(Response(400, {"error": f"the request body is not JSON: {problem}"}))
        request = Request(method.upper(), parts.path, query=query, headers=lower, body=said)
        with self._lock:
            deadline = None if timeout is None else self.clock.now() + timeout
            self.clock.advance(self._latency)
            if self.platform.tokens.authenticate(lower["authorization"]) is None:
                return _on_the_wire(Response(401, {"error": "unauthorized"}))
            answer = self._router.handle(request)
        return self._read(self._served(answer, deadline), deadline)

    def visit(
        self, app: str, path: str = "/", headers: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One GET of an app's page through the proxy; what `SimulatedProxy.visit` says."""
        with self._lock:
            return self._proxy.visit(app, path, headers or {}, timeout)

    def _read(self, answer: Response, deadline: float | None) -> tuple[int, dict[str, str], bytes]:
        if answer.raw is None or not (answer.raw.cut or answer.raw.drip):
            return _on_the_wire(answer)
        if answer.raw.cut:
            raise ConnectionResetError("the connection was closed in the middle of the answer")
        with self._lock:
            self._pass_until(self.clock.now() + answer.raw.drip * len(answer.raw.data), deadline)
        return _on_the_wire(answer)

    def _pass_until(self, moment: float, deadline: float | None) -> None:
        """Move the clock to a moment, or only to a client's deadline: then TimeoutError is raised."""
        late = deadline is not None and moment > deadline
        self.clock.advance(max(0.0, (deadline if late and deadline is not None else moment) - self.clock.now()))
        if late:
            raise TimeoutError("the client waits no longer")

    def _served(self, answer: Response | Wait, deadline: float | None) -> Response:
        if isinstance(answer, Response):
            return answer
        until = self.clock.now() + answer.seconds
        while True:
            with self._lock:
                reached = answer.check()
                if reached is not None:
                    return reached
                if self.clock.now() >= until:
                    return self._served(answer.on_timeout(), deadline)
                due = self.clock.next_due()
                self._pass_until(until if due is None else min(due, until), deadline)

    def pass_time(self, seconds: float) -> None:
        """Let time go by: what a client's sleep becomes."""
        with self._lock:
            self.clock.advance(seconds)


def _on_the_wire(response: Response) -> tuple[int, dict[str, str], bytes]:
    headers = {"content-type": "application/json", **response.headers}
    if response.raw is not None:
        return response.status, {**headers, "content-type": response.raw.content_type}, response.raw.data
    return (
        response.status,
        headers,
        b"" if response.body is None else msgspec.json.encode(response.body),
    )
