"""The relay to the database: when pieces arrive, on a clock the test owns, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import wraps
from random import Random
from typing import Any

import pytest

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.proxy.database_relay import DatabaseRelays
from flyctl_orchestrator.local.proxy.latency import light_ms, median_ms
from tests.functional.local.proxy.proxy_town import Turns
from tests.waiting import until


@dataclass
class Far:
    """A database that says everything twice, and the relays to it."""

    clock: VirtualClock
    relays: DatabaseRelays
    port: int
    settings: Turns
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: int = 0

    async def connect(self, region: str = "nrt") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self.relays.port(region, "iad", self.port)
        return await asyncio.open_connection("127.0.0.1", port)

    async def pass_next(self) -> float:
        """Move the clock to what happens next; how far that was, in milliseconds."""
        await until(lambda: self.clock.next_due() is not None)
        left = (self.clock.next_due() or 0.0) - self.clock.now()
        self.clock.advance(max(0.0, left))
        return left * 1000


def with_far(test: Callable[[Far], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test with a database of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(_run(test))

    # pytest would take the wrapped function's parameter for a fixture.
    del run.__wrapped__
    return run


async def _run(test: Callable[[Far], Awaitable[None]]) -> None:
    clock, settings = VirtualClock(), Turns(delays=True)
    relays = DatabaseRelays(asyncio.get_running_loop(), clock, settings, Random(5))
    far = Far(clock, relays, 0, settings)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far.connections += 1
        while data := await reader.read(65536):
            far.heard.append(data)
            writer.write(data * 2)
        far.ended += 1
        writer.write(b"bye")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        far.port = server.sockets[0].getsockname()[1]
        await test(far)
    await relays.close()


@with_far
async def test_a_connection_and_each_answer_cost_a_round_trip(far: Far) -> None:
    reader, writer = await far.connect()
    writer.write(b"SELECT 1")
    first = await far.pass_next()
    assert light_ms("nrt", "iad") <= first <= median_ms("nrt", "iad") * 1.3
    assert far.heard == []
    there = await far.pass_next()
    await until(lambda: far.heard == [b"SELECT 1"])
    back = await far.pass_next()
    assert await reader.readexactly(16) == b"SELECT 1SELECT 1"
    assert there == back == pytest.approx(first / 2, abs=0.001)
    writer.close()


@with_far
async def test_pieces_come_in_order_and_the_end_after_them(far: Far) -> None:
    reader, writer = await far.connect()
    await far.pass_next()
    await until(lambda: far.connections == 1)
    sent = b"".join(bytes([number]) * 5_000 for number in range(250))
    writer.write(sent)
    writer.write_eof()

    async def time_passes() -> None:
        while True:
            await far.pass_next()

    passing = asyncio.create_task(time_passes())
    whole = await reader.read()
    passing.cancel()
    assert b"".join(far.heard) == sent and far.ended == 1
    assert len(whole) == 2 * len(sent) + 3 and whole.endswith(b"bye")
    writer.close()


@with_far
async def test_where_nobody_listens_the_connection_breaks(far: Far) -> None:
    port = far.relays.port("nrt", "iad", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await far.pass_next()
    assert await reader.read() == b""
    writer.close()


@with_far
async def test_each_region_has_one_of_its_own_and_none_without_delays(far: Far) -> None:
    ports = [far.relays.port(region, "iad", far.port) for region in ("nrt", "fra", "nrt")]
    assert ports[0] == ports[2] != ports[1]
    far.settings.delays = False
    assert far.relays.port("nrt", "iad", far.port) is None


@with_far
async def test_a_client_that_leaves_while_dialling_is_forgotten(far: Far) -> None:
    _, gone = await far.connect()
    await until(lambda: far.clock.next_due() is not None)
    gone.transport.abort()
    _, second = await far.connect()
    second.write(b"x")

    async def time_passes() -> None:
        while True:
            await far.pass_next()

    passing = asyncio.create_task(time_passes())
    await until(lambda: far.heard == [b"x"])
    passing.cancel()
    second.close()
