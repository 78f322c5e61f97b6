"""After a `101 Switching Protocols`: bytes in both directions, untouched.

Frames are not looked at, so everything about a websocket is between its two ends: pings, extensions, close codes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import ClientResponse, web
from aiohttp.http import StreamWriter
from multidict import CIMultiDict

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.proxy.waiting import pause

_HIGH_WATER = 256 * 1024


class Pipe:
    """Takes bytes from one connection for another. Stands where aiohttp expects a websocket parser."""

    def __init__(self, source: asyncio.Transport, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._paused = False
        self._ended = False
        self._news = asyncio.Event()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Called by aiohttp for every piece that arrives; never asks it to stop."""
        if data:
            self._pieces.append((self._clock.now(), bytes(data)))
            self._held += len(data)
            self._news.set()
            if self._held > _HIGH_WATER and not self._paused:
                self._paused = True
                self._source.pause_reading()
        return False, b""

    def feed_eof(self) -> None:
        """Called by aiohttp when the connection is gone."""
        self._ended = True
        self._news.set()

    def set_exception(self, error: BaseException, cause: BaseException | None = None) -> None:
        """Called by aiohttp when the connection broke; to the other end it is simply gone."""
        self.feed_eof()

    def is_eof(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    async def read(self) -> tuple[float, bytes]:
        """The next piece and when it came (the clock's time); b"" when the connection is gone."""
        while not self._pieces:
            if self._ended:
                return self._clock.now(), b""
            self._news.clear()
            await self._news.wait()
        arrived, data = self._pieces.popleft()
        self._held -= len(data)
        if self._paused and self._held <= _HIGH_WATER // 2:
            self._paused = False
            if not self._source.is_closing():
                self._source.resume_reading()
        return arrived, data


async def tunnel(
    request: web.BaseRequest, upstream: ClientResponse, headers: CIMultiDict[str], clock: Clock, one_way: float
) -> web.StreamResponse:
    """Pass on the 101 and then bytes both ways until either end closes.

    Args:
        upstream: the machine's 101; its connection is used up by this.
        headers: of the 101, for the client.
        one_way: how long a piece travels, seconds; 0 when the network is not imitated.
    """
    loop = asyncio.get_running_loop()
    connection, client = upstream.connection, request.transport
    if connection is None or connection.protocol is None or connection.transport is None or client is None:
        raise ConnectionResetError("one end went away during the handshake")
    machine = connection.transport
    response = web.StreamResponse(status=101, reason=upstream.reason, headers=headers)
    response.force_close()
    await response.prepare(request)

    from_machine, from_client = Pipe(machine, clock), Pipe(client, clock)
    connection.protocol.read_timeout = None
    connection.protocol.set_parser(cast(Any, from_machine), cast(Any, from_machine))
    request.protocol.set_parser(cast(Any, from_client))
    ways = (
        asyncio.create_task(_pump(from_client, StreamWriter(connection.protocol, loop).write, clock, one_way)),
        asyncio.create_task(_pump(from_machine, response.write, clock, one_way)),
    )
    try:
        # Whoever closes has had its last word passed on by then, so both can be closed.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        machine.close()
        client.close()
        upstream.close()
    return response


async def _pump(pipe: Pipe, write: Callable[[bytes], Awaitable[None]], clock: Clock, one_way: float) -> None:
    while True:
        arrived, data = await pipe.read()
        # A piece that had to queue behind another one was on its way meanwhile. Somebody may set the clock back.
        left = min(one_way, arrived + one_way - clock.now())
        if left > 0:
            await pause(clock, left)
        if not data:
            return
        await write(data)
