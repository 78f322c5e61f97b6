"""Names under `.flycast`, as containers see them: the proxy, at an address of this computer that they reach."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from flyctl_orchestrator.local.proxy.hosts import parse_flycast
from flyctl_orchestrator.local.proxy.server import SERVER_OPTIONS

# What a name without a port means; whether this computer lets us depends on who the daemon runs as.
USUAL_PORT = 80


class Flycast:
    """Listens where machines' networks have their gateways.

    Args:
        proxy: answers requests for apps.
        port: the platform's own port, at which it listens there, too.
    """

    def __init__(
        self, proxy: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], port: Callable[[], int]
    ) -> None:
        self._proxy = proxy
        self._port = port
        self._runner = web.ServerRunner(web.Server(self._answer, **SERVER_OPTIONS), shutdown_timeout=2.0)
        self._ports: dict[str, tuple[int, ...]] = {}

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Nothing but apps is reached this way, and only by their names here."""
        if parse_flycast(request.headers.get("Host", "")) is None:
            return web.Response(status=421, text="no name under .flycast\n")
        return await self._proxy(request)

    async def listen(self, address: str) -> tuple[int, ...]:
        """Listen at an address; the ports, none when it is not this computer's but a virtual machine's."""
        if address not in self._ports:
            if self._runner.server is None:
                await self._runner.setup()
            self._ports[address] = ()
            for port in (self._port(), USUAL_PORT):
                with contextlib.suppress(OSError):
                    await web.TCPSite(self._runner, address, port).start()
                    self._ports[address] += (port,)
        return self._ports[address]

    async def close(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()
