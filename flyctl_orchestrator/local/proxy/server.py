"""The proxy: the one address through which the world sees the platform's apps.

Mounting (the server must not undo compression, and must tell handlers when their client leaves):

    proxy = Proxy(backend, clock, settings, random)
    runner = web.ServerRunner(web.Server(dispatch, **SERVER_OPTIONS))     # or web.AppRunner(app, **SERVER_OPTIONS)
    await proxy.start()
    ...
    async def dispatch(request):
        return await (proxy.handle(request) if is_proxied(request.headers.get("Host", "")) else api(request))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from random import Random
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.base.errors import FAULT_HEADER
from flyctl_orchestrator.local.base.identifiers import Identifiers
from flyctl_orchestrator.local.base.regions import NEAREST, REGIONS
from flyctl_orchestrator.local.base.sightings import Sighting, Sightings
from flyctl_orchestrator.local.proxy.autostop import Sleep
from flyctl_orchestrator.local.proxy.backend import Backend
from flyctl_orchestrator.local.proxy.body import BodyBroken, RequestBody
from flyctl_orchestrator.local.proxy.delivery import AnsweredInstead, Dispatcher
from flyctl_orchestrator.local.proxy.errors import ERROR_HEADER, ProxyError
from flyctl_orchestrator.local.proxy.exchange import Exchange
from flyctl_orchestrator.local.proxy.forward import Forwarder, Message
from flyctl_orchestrator.local.proxy.geography import Place, place_of
from flyctl_orchestrator.local.proxy.headers import inside_headers, own_headers, request_headers, wants_websocket
from flyctl_orchestrator.local.proxy.hosts import REGION_HEADER, InternalHost, parse_host, parse_internal
from flyctl_orchestrator.local.proxy.limits import HEADER_BYTES, Limits, ProxySettings
from flyctl_orchestrator.local.proxy.load import LoadBook
from flyctl_orchestrator.local.proxy.private import PrivateNetwork
from flyctl_orchestrator.local.proxy.route_constraints import wish_of_headers
from flyctl_orchestrator.local.proxy.sleeper import Sleeper
from flyctl_orchestrator.local.proxy.waiting import pause

SERVER_OPTIONS: dict[str, Any] = {
    "auto_decompress": False,
    "handler_cancellation": True,
    "access_log": None,
    "max_line_size": HEADER_BYTES,
    "max_field_size": HEADER_BYTES,
}


async def _no_file(app: str, request: web.BaseRequest) -> web.StreamResponse | None:
    return None


class Proxy:
    """Everything between a client's connection and a machine's port.

    Attributes:
        sightings: tells of every request that was answered.
        statics: answers with a file that the proxy serves itself, None where a request is for the app.
    """

    def __init__(
        self, backend: Backend, clock: Clock, settings: ProxySettings, random: Random, limits: Limits | None = None
    ) -> None:
        """`settings` is read anew for every request: turning delays on or off takes effect at once."""
        self._backend = backend
        self._clock = clock
        self._settings = settings
        self._random = random
        self._limits = limits or Limits()
        self._ids = Identifiers(random)
        self._loads = LoadBook()
        self.sightings = Sightings()
        self.statics: Callable[[str, web.BaseRequest], Awaitable[web.StreamResponse | None]] = _no_file
        self._private = PrivateNetwork(backend, clock, settings, random, self._limits)
        self._sleeper = Sleeper(backend, clock, settings, self._loads, self._limits)
        self._forwarder: Forwarder | None = None
        self._dispatcher: Dispatcher | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Open for business; must be called on the event loop that serves the requests."""
        self._forwarder = Forwarder(self._limits)
        self._dispatcher = Dispatcher(
            self._backend,
            self._forwarder,
            self._loads,
            self._sleeper.draining,
            limits=self._limits,
            settings=self._settings,
            clock=self._clock,
            random=self._random,
        )
        self._sleeper.start()

    async def close(self) -> None:
        """End what is under way, websockets included, and close every connection to a machine."""
        self._sleeper.close()
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._dispatcher is not None:
            self._dispatcher.close()
        if self._forwarder is not None:
            await self._forwarder.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one proxied request; give it those whose Host `is_proxied`.

        Raises:
            ConnectionError: the client or the machine went away in the middle of an answer (aiohttp closes).
        """
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            return await self._handle(request)
        finally:
            if task is not None:
                self._running.discard(task)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._loads.events["requests"] += 1
        # Not `request.host`: without the header that asks the resolver for this computer's name.
        named = request.headers.get("Host", "")
        if inside := parse_internal(named):
            return await self._inside(request, inside)
        host = parse_host(named)
        if host is None:
            return self._plain(421, f"{named!r} is no app's address; apps are at http://APP.localhost")
        region = host.region or request.headers.get(REGION_HEADER, "").strip().lower()
        if region and region not in REGIONS:
            status = 421 if host.region else 400
            return self._plain(status, f"there is no region {region!r}; there are: {', '.join(sorted(REGIONS))}")
        place = place_of(host.place) if host.place else None
        if host.place and place is None:
            return self._plain(421, f"{host.place!r} is no place; at4886n235e is 48.86 degrees north, 2.35 east")
        edge = place.edge if place else region or self._home(host.app)
        request_id = f"{self._ids.ulid(self._clock.now())}-{edge}"
        hops: list[tuple[str, str]] = []
        told = self._teller(request, host.app, edge, hops, place)
        way = place.way_ms / 2000 if place and self._settings.delays else 0.0
        try:
            await self._travel(way)
            if not self._backend.app_exists(host.app):
                raise ProxyError("PM06", f"there is no app {host.app!r}")
            file = await self.statics(host.app, request)
            if file is not None:
                await self._travel(way)
                told(file.status)
                return file
            return await self._exchange(request, host.app, edge, request_id, told, hops, way)
        except ProxyError as error:
            await self._travel(way)
            told(error.status)
            self._loads.events["errors"] += 1
            self._backend.log(host.app, None, edge, f"{error} ({request.method} {request.path}, {request_id})")
            return self._failed(error, request_id)
        except AnsweredInstead as answer:
            hops.append((answer.target.region, answer.target.machine_id))
            await self._travel(way)
            told(answer.status)
            return _instead(answer, request_id)
        except BodyBroken as error:
            raise ConnectionResetError(str(error)) from error

    async def _travel(self, seconds: float) -> None:
        if seconds:
            await pause(self._clock, seconds)

    async def _inside(self, request: web.BaseRequest, host: InternalHost) -> web.StreamResponse:
        if self._forwarder is None:
            raise RuntimeError("the proxy has not been started")
        body = self._body(request)
        message = Message(request.method, _path(request), inside_headers(request.headers), body)
        try:
            return await self._private.ask(request, host, message, self._forwarder)
        except BodyBroken as error:
            raise ConnectionResetError(str(error)) from error
        finally:
            await body.close()

    def _teller(
        self, request: web.BaseRequest, app: str, edge: str, hops: list[tuple[str, str]], place: Place | None
    ) -> Callable[[int], None]:
        """What tells those who look on of this request, called with the answer's status."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        at = (place.latitude, place.longitude) if place else None

        def tell(status: int) -> None:
            if self.sightings:
                seconds = loop.time() - began
                self.sightings.tell(Sighting(app, edge, request.method, tuple(hops), status, seconds, at))

        return tell

    async def _exchange(
        self,
        request: web.BaseRequest,
        app: str,
        edge: str,
        request_id: str,
        told: Callable[[int], None],
        hops: list[tuple[str, str]],
        way: float,
    ) -> web.StreamResponse:
        if self._dispatcher is None:
            raise RuntimeError("the proxy has not been started")
        body = self._body(request)
        message = Message(request.method, _path(request), self._headers(request, edge, request_id), body)
        exchange = Exchange(self._dispatcher, request, edge, message, request_id, told, hops, way)
        try:
            return await exchange.run(app, wish_of_headers(request.headers))
        finally:
            await body.close()

    def _headers(self, request: web.BaseRequest, edge: str, request_id: str) -> CIMultiDict[str]:
        own = request.transport.get_extra_info("sockname") if request.transport else None
        headers = request_headers(
            request.headers,
            client_ip=request.remote or "127.0.0.1",
            proxy_ip=own[0] if own else "127.0.0.1",
            port=own[1] if own else 80,
            edge_region=edge,
            request_id=request_id,
        )
        if wants_websocket(request.headers):
            headers["Connection"] = "Upgrade"
            headers["Upgrade"] = "websocket"
        return headers

    def _body(self, request: web.BaseRequest) -> RequestBody:
        declared = request.content_length
        length = declared if declared is not None else None if request.body_exists else 0
        waits = request.headers.get("Expect", "").lower() == "100-continue"
        # Under a web.Application aiohttp has said "continue" before the handler runs.
        ours = waits and not isinstance(request, web.Request)

        def invite() -> None:
            if ours and request.transport is not None:
                request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        return RequestBody(request.content, length, self._limits.replay_body_bytes, invite)

    def _home(self, app: str) -> str:
        primary = self._backend.primary_region(app)
        if primary:
            return primary
        return next((target.region for target in self._backend.targets(app)), NEAREST)

    def _failed(self, error: ProxyError, request_id: str) -> web.Response:
        headers = {ERROR_HEADER: error.code, **dict(own_headers(request_id))}
        if error.status == 503:
            headers["Retry-After"] = "1"
        return web.Response(status=error.status, text=f"{error}\n", headers=headers)

    def _plain(self, status: int, message: str) -> web.Response:
        self._loads.events["errors"] += 1
        return web.Response(status=status, text=f"{message}\n")

    async def tick(self) -> list[Sleep]:
        """One autostop pass over all apps now, judging by the load of this moment; what was put to sleep."""
        return await self._sleeper.tick()

    def stats(self) -> dict[str, Any]:
        """Counts since the start (requests, replays, retries, wakes, sleeps, fallbacks, errors) and load by machine."""
        return {**self._loads.events, "apps": self._loads.stats()}

    def in_flight(self, app: str, machine_id: str) -> int:
        """How many requests the proxy has on a machine right now."""
        return self._loads.of(app, machine_id)


def _instead(answer: AnsweredInstead, request_id: str) -> web.Response:
    headers = {FAULT_HEADER: answer.fault, **dict(own_headers(request_id))}
    words = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else "Error"
    return web.Response(status=answer.status, text=f"{words}\n", headers=headers)


def _path(request: web.BaseRequest) -> str:
    path = request.raw_path
    if path.startswith("/"):
        return path
    if "://" in path:  # absolute form, as clients send it to a proxy they know of
        slash = path.find("/", path.index("://") + 3)
        return path[slash:] if slash >= 0 else "/"
    return "/"
