"""The private network's stand-in: a machine asks another one by a name under `.internal`.

On Fly.io such a name is an address, and any protocol passes. Here machines are processes that share one address, so the
name is taken from the Host of an HTTP request that is sent to this server instead. As there, only machines that run are
reached, nothing is woken, and the proxy's headers are absent.
"""

from __future__ import annotations

import asyncio
from random import Random
from weakref import WeakKeyDictionary

from aiohttp import web

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.proxy.backend import Backend, Target
from flyctl_orchestrator.local.proxy.forward import (
    Dropped,
    Forwarder,
    Message,
    NotConnected,
    TookTooLong,
    Unreadable,
    answer,
)
from flyctl_orchestrator.local.proxy.headers import inside_headers
from flyctl_orchestrator.local.proxy.hosts import InternalHost
from flyctl_orchestrator.local.proxy.latency import sample_ms
from flyctl_orchestrator.local.proxy.limits import Limits, ProxySettings
from flyctl_orchestrator.local.proxy.waiting import pause

# In what the asking machine sends: where it is, for the distance. On Fly.io nobody needs to be told.
FROM_HEADER = "Fly-Region"


class PrivateNetwork:
    """Machines as they reach each other."""

    def __init__(self, backend: Backend, clock: Clock, settings: ProxySettings, random: Random, limits: Limits) -> None:
        self._backend = backend
        self._clock = clock
        self._settings = settings
        self._random = random
        self._limits = limits
        # To which machines somebody has been connected before. A connection to this server stands for one to each.
        self._connected: WeakKeyDictionary[asyncio.BaseTransport, set[str]] = WeakKeyDictionary()

    async def ask(
        self, request: web.BaseRequest, host: InternalHost, message: Message, forwarder: Forwarder
    ) -> web.StreamResponse:
        """Hand a request to one of the running machines the name stands for; 502 when there is none or it fails."""
        running = [target for target in self._backend.targets(host.app) if _meant(target, host)]
        if not running:
            return _failed(f"no machine that runs is called {request.headers.get('Host', '')}; asking wakes none")
        target = self._random.choice(running)
        one_way = self._one_way_seconds(request.headers.get(FROM_HEADER, ""), target.region)
        await pause(self._clock, one_way if self._is_connected(request, target) else 3 * one_way)
        try:
            upstream = await forwarder.send(target, message, self._limits.connect_seconds)
        except (NotConnected, Dropped, TookTooLong, Unreadable) as failure:
            return _failed(f"machine {target.machine_id}: {failure}")
        await pause(self._clock, one_way)
        try:
            return await answer(request, upstream, inside_headers(upstream.headers))
        finally:
            upstream.release()

    def _is_connected(self, request: web.BaseRequest, target: Target) -> bool:
        """Whether this client has talked to the machine on this connection; from now on it has."""
        if request.transport is None:
            return True
        machines = self._connected.setdefault(request.transport, set())
        known = target.instance_id in machines
        machines.add(target.instance_id)
        return known

    def _one_way_seconds(self, asks: str, region: str) -> float:
        return sample_ms(asks, region, self._random) / 2000 if self._settings.delays and asks else 0.0


def _meant(target: Target, host: InternalHost) -> bool:
    return (
        target.state == "started"
        and target.port > 0
        and host.region in (None, target.region)
        and host.machine in (None, target.machine_id)
        and host.port in (None, target.service.internal_port)
    )


def _failed(message: str) -> web.Response:
    return web.Response(status=502, text=f"{message}\n")
