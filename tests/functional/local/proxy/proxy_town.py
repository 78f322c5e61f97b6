"""A small platform for the proxy's tests: machines are real HTTP servers on loopback, tests set their states."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, overload

import aiohttp
from aiohttp import web

from flyctl_orchestrator.local.base.clock import Clock, LoopClock
from flyctl_orchestrator.local.proxy.backend import (
    UNDISTURBED,
    Interference,
    MachineState,
    Service,
    SleepMode,
    Target,
    WakeFailed,
)
from flyctl_orchestrator.local.proxy.limits import Limits
from flyctl_orchestrator.local.proxy.server import SERVER_OPTIONS, Proxy
from tests.waiting import until

App = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Scenario = Callable[["Town"], Awaitable[None]]
Test = Callable[[], None]

QUICK = Limits(
    hold_seconds=0.6,
    forced_hold_seconds=0.4,
    queue_seconds=0.6,
    retry_seconds=0.01,
    wake_seconds=5.0,
    connect_seconds=2.0,
    idle_seconds=2.0,
    drain_seconds=1.0,
)
# Where a request must not be given up, however slow the computer is.
PATIENT = replace(QUICK, hold_seconds=20.0, forced_hold_seconds=20.0, queue_seconds=20.0)


@dataclass
class Turns:
    """The platform's settings."""

    delays: bool = False
    autostop_tick_seconds: float = 300.0


@dataclass
class ToyMachine:
    """A machine: what the platform says of it, and the server that is its process."""

    app: str
    machine_id: str
    region: str
    handler: App
    service: Service
    state: MachineState = "started"
    routable: bool = True
    port: int = 0
    wakes: int = 0
    wake_fails: str | None = None
    sleep_fails: str = ""
    requests: list[web.BaseRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    _runner: web.ServerRunner | None = None

    async def listen(self, port: int = 0) -> None:
        """Bring its server up."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            self.requests.append(request)
            return await self.handler(request)

        self._runner = web.ServerRunner(
            web.Server(handle, handler_cancellation=True, max_field_size=65536), shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def hang_up(self) -> None:
        """Take its server down; the port stays known, as with a crashed process."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def target(self) -> Target:
        port = self.port if self.state in ("started", "starting") else 0
        return Target(
            self.machine_id,
            f"v-{self.machine_id}",
            self.region,
            self.state,
            self.routable,
            "127.0.0.1",
            port,
            self.service,
        )


class Town:
    """Implements the proxy's `Backend` over toy machines.

    Attributes:
        looks: how often the proxy has looked at an app's machines; one that waits looks again and again.
        passes: how often the proxy has begun to look for idle machines.
        may_wake: what has to be so before a machine that is being woken has started.
    """

    def __init__(self) -> None:
        self.machines: dict[str, ToyMachine] = {}
        self.primary: dict[str, str] = {}
        self.app_names: set[str] = set()
        self.lines: list[str] = []
        self.looks = 0
        self.passes = 0
        self.may_wake: Callable[[], bool] = lambda: True
        self.responses: list[tuple[str, int]] = []
        self.unreadable: set[str] = set()
        self.reasons: dict[str, str] = {}
        self.proxy_port = 0
        self.client: aiohttp.ClientSession
        self.proxy: Proxy
        self.turns = Turns()

    async def machine(
        self,
        machine_id: str,
        region: str,
        handler: App | None = None,
        *,
        app: str = "shop",
        service: Service | None = None,
        state: MachineState = "started",
        routable: bool = True,
        listening: bool = True,
    ) -> ToyMachine:
        """Add a machine; unless it sleeps or `listening` is off, its server is up."""
        toy = ToyMachine(
            app,
            machine_id,
            region,
            handler or says(f"{machine_id} {region}"),
            service or Service(8080),
            state,
            routable,
        )
        self.app_names.add(app)
        self.machines[machine_id] = toy
        if listening:
            await toy.listen()
        else:
            await toy.listen()
            await toy.hang_up()
        return toy

    def app_exists(self, app: str) -> bool:
        return app in self.app_names

    def apps(self) -> list[str]:
        self.passes += 1
        return sorted(self.app_names)

    def primary_region(self, app: str) -> str | None:
        return self.primary.get(app)

    def targets(self, app: str) -> list[Target]:
        self.looks += 1
        if app in self.unreadable:
            raise TypeError(f"the machines of {app} cannot be read")
        return [toy.target() for toy in self.machines.values() if toy.app == app]

    async def wake(self, app: str, machine_id: str, timeout: float) -> Target:
        toy = self.machines[machine_id]
        toy.wakes += 1
        if toy.wake_fails:
            raise WakeFailed(toy.wake_fails)
        toy.state = "starting"
        await asyncio.sleep(0)
        await until(self.may_wake)
        toy.state = "started"
        return toy.target()

    async def sleep(self, app: str, machine_id: str, mode: SleepMode) -> bool:
        if self.machines[machine_id].sleep_fails:
            raise RuntimeError(self.machines[machine_id].sleep_fails)
        self.machines[machine_id].state = "suspended" if mode == "suspend" else "stopped"
        return True

    def interference(self, app: str, target: Target, path: str) -> Interference:
        return UNDISTURBED

    def why_refused(self, app: str, target: Target) -> str:
        return self.reasons.get(target.machine_id, "")

    def answered(self, app: str, machine_id: str, status: int) -> None:
        self.responses.append((machine_id, status))

    def log(self, app: str, machine_id: str | None, region: str | None, message: str) -> None:
        self.lines.append(message)

    async def looked(self, times: int = 2) -> None:
        """Wait until requests have looked at the machines again: whoever has to wait for one is waiting by then."""
        enough = self.looks + times
        await until(lambda: self.looks >= enough)

    async def counted(self, event: str, more: int = 1) -> None:
        """Wait until the proxy has counted so many more of an event (see `Proxy.stats`)."""
        enough = self.proxy.stats().get(event, 0) + more
        await until(lambda: self.proxy.stats().get(event, 0) >= enough)

    @asynccontextmanager
    async def ask(
        self, path: str = "/", host: str = "shop.localhost", method: str = "GET", **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request to the proxy as a client of `host`."""
        headers = {"Host": host, **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.proxy_port}{path}"
        async with self.client.request(method, url, headers=headers, allow_redirects=False, **options) as answer:
            yield answer

    async def text(self, path: str = "/", host: str = "shop.localhost", method: str = "GET", **options: Any) -> str:
        """The body of an answer that must be 200."""
        async with self.ask(path, host, method, **options) as answer:
            body = await answer.text()
            assert answer.status == 200, (answer.status, body)
            return body

    async def ask_status(self, host: str) -> int:
        """The status of an answer."""
        async with self.ask(host=host) as answer:
            return answer.status


def says(text: str, **headers: str) -> App:
    """A handler that always answers the same."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return handle


@overload
def in_town(scenario: Scenario) -> Test: ...


@overload
def in_town(*, limits: Limits = QUICK, clock: Clock | None = None) -> Callable[[Scenario], Test]: ...


def in_town(
    scenario: Scenario | None = None, *, limits: Limits = QUICK, clock: Clock | None = None
) -> Test | Callable[[Scenario], Test]:
    """Make a test of `async def scenario(town)`: a proxy with real sockets is up while it runs."""

    def wrap(body: Scenario) -> Test:
        def test() -> None:
            asyncio.run(asyncio.wait_for(_with_proxy(body, limits, clock), 30))

        test.__name__, test.__doc__ = body.__name__, body.__doc__
        return test

    return wrap(scenario) if scenario is not None else wrap


async def _with_proxy(body: Scenario, limits: Limits, clock: Clock | None) -> None:
    town = Town()
    loop = asyncio.get_running_loop()
    unexpected: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unexpected.append(context))
    town.proxy = Proxy(town, clock or LoopClock(loop), town.turns, Random(7), limits)
    await town.proxy.start()
    runner = web.ServerRunner(web.Server(town.proxy.handle, **SERVER_OPTIONS), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    town.proxy_port = runner.addresses[0][1]
    town.client = aiohttp.ClientSession(
        auto_decompress=False, connector=aiohttp.TCPConnector(limit=0), max_field_size=65536
    )
    try:
        await body(town)
    finally:
        await town.client.close()
        await town.proxy.close()
        await runner.cleanup()
        for toy in town.machines.values():
            await toy.hang_up()
    assert not unexpected, unexpected
