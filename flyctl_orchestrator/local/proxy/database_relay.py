"""Connections to the database that take as long as the way from one region to another: a TCP relay for each region.

A connection costs a round trip before anything is passed on, as TCP's handshake does, and each piece half a round trip.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from random import Random

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.proxy.latency import sample_ms
from flyctl_orchestrator.local.proxy.limits import ProxySettings

HOST = "127.0.0.1"
_MOST_HELD = 256 * 1024


class DatabaseRelays:
    """All relays of a platform, made when they are first asked for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, settings: ProxySettings, random: Random) -> None:
        """`settings` is read for every connection."""
        self._loop = loop
        self._clock = clock
        self._settings = settings
        self._random = random
        self._ports: dict[tuple[str, str, str, int], int] = {}
        self._opening: set[asyncio.Task[asyncio.Server]] = set()

    def port_at(self, address: str, region: str, home: str, target: int) -> int | None:
        """As `port`, at an address of this computer that containers reach; where the engine has it (in a virtual
        machine of its own), that leads to this computer's loopback.
        """
        try:
            return self._port(address or HOST, region, home, target)
        except OSError as problem:
            if problem.errno != errno.EADDRNOTAVAIL:
                raise
            return self._port(HOST, region, home, target)

    def port(self, region: str, home: str, target: int) -> int | None:
        """The port of this computer at which a machine in `region` reaches `target`, a port, as if that were in `home`.

        None while traffic between regions is not delayed.

        Raises:
            OSError: no port is free.
        """
        return self._port(HOST, region, home, target)

    def _port(self, host: str, region: str, home: str, target: int) -> int | None:
        if not self._settings.delays:
            return None
        key = (host, region, home, target)
        if key not in self._ports:
            # It listens from now on; whoever connects before the loop has come to it waits a moment.
            listener = socket.create_server((host, 0), backlog=128)
            self._ports[key] = listener.getsockname()[1]
            opening = self._loop.create_task(self._serve(listener, host, region, home, target))
            self._opening.add(opening)
        return self._ports[key]

    async def close(self) -> None:
        """Take no more connections."""
        for opening in self._opening:
            (await opening).close()

    async def _serve(self, listener: socket.socket, host: str, region: str, home: str, target: int) -> asyncio.Server:
        def connected() -> _End:
            trip = sample_ms(region, home, self._random) / 1000 if self._settings.delays else 0.0
            return _Near(self._clock, trip, (host, target))

        return await self._loop.create_server(connected, sock=listener)


class _End(asyncio.Protocol):
    """One end of a connection; hands what arrives to the other end when it would be there."""

    def __init__(self, clock: Clock, one_way: float) -> None:
        self._clock = clock
        self._one_way = one_way
        self._travelling: deque[bytes | None] = deque()
        self._held = 0
        self._paused = False
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += len(data)
        self._send(data)
        self._flow()

    def eof_received(self) -> bool:
        """The other end is told in its turn; ours stays open for what it still says."""
        self._send(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._clock.call_later(self._one_way, self._close_other)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.hold(True)

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.hold(False)

    def hold(self, paused: bool) -> None:
        """The other end cannot take more now, or can again."""
        self._paused = paused
        self._flow()

    def _send(self, piece: bytes | None) -> None:
        self._travelling.append(piece)
        self._clock.call_later(self._one_way, self._arrived)

    def _arrived(self) -> None:
        # Timers of the same moment may come in any order; the pieces do not.
        piece = self._travelling.popleft()
        self._held -= len(piece or b"")
        self._flow()
        there = self.other.transport if self.other is not None else None
        if there is None or there.is_closing():
            return
        if piece is not None:
            there.write(piece)
        elif there.can_write_eof():
            there.write_eof()

    def _flow(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self._paused or self._held > _MOST_HELD:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _close_other(self) -> None:
        there = self.other.transport if self.other is not None else None
        if there is not None:
            there.close()


class _Near(_End):
    """The machine's end: connects to the database when the handshake would be over."""

    def __init__(self, clock: Clock, round_trip: float, target: tuple[str, int]) -> None:
        super().__init__(clock, round_trip / 2)
        self._round_trip = round_trip
        self._target = target
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.hold(True)
        self._clock.call_later(self._round_trip, self._dial)

    def _dial(self) -> None:
        if self.transport is not None:
            self._dialling = asyncio.get_running_loop().create_task(self._connect(self.transport))

    async def _connect(self, mine: asyncio.Transport) -> None:
        far = _End(self._clock, self._one_way)
        far.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, *self._target)
        except OSError:
            mine.abort()  # nobody listens there; who has accepted cannot refuse any more
            return
        self.other = far
        if self.transport is None:
            self._close_other()
            return
        self.hold(False)
