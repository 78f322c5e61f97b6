"""Machines put to sleep by the proxy, and the network between regions, on a clock the test owns where time matters."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.sightings import Sighting
from flyctl_orchestrator.local.proxy.backend import Service
from flyctl_orchestrator.local.proxy.latency import light_ms, median_ms
from tests.functional.local.proxy.proxy_town import Town, in_town
from tests.waiting import until

SUSPENDS = Service(8080, "requests", autostop="suspend")
CLOCK = VirtualClock()
DELAYED = VirtualClock()
PLACED = VirtualClock()
SOCKET = VirtualClock()


@in_town
async def test_an_idle_app_sleeps_and_wakes_on_the_next_request(town: Town) -> None:
    near = await town.machine("a", "iad", service=SUSPENDS)
    far = await town.machine("b", "nrt", service=Service(8080, autostop="stop"))
    await town.machine("c", "fra")
    slept = await town.proxy.tick()
    assert [(sleep.machine_id, sleep.mode) for sleep in slept] == [("a", "suspend"), ("b", "stop")]
    assert (near.state, far.state) == ("suspended", "stopped")
    assert await town.proxy.tick() == []
    assert await town.text(host="iad.shop.localhost") == "a iad"
    assert (near.state, near.wakes, far.wakes) == ("started", 1, 0)
    assert town.proxy.stats()["sleeps"] == 2


@in_town
async def test_what_goes_wrong_in_one_app_keeps_no_other_awake(town: Town) -> None:
    await town.machine("a", "iad", app="odd", service=SUSPENDS)
    stubborn = await town.machine("b", "iad", app="stubborn", service=SUSPENDS)
    fine = await town.machine("c", "iad", service=SUSPENDS)
    town.unreadable.add("odd")
    stubborn.sleep_fails = "no answer"
    assert [sleep.machine_id for sleep in await town.proxy.tick()] == ["c"]
    assert fine.state == "suspended"
    assert sorted(town.lines)[:2] == [
        "autostop failed: RuntimeError: no answer",
        "autostop failed: TypeError: the machines of odd cannot be read",
    ]
    stubborn.sleep_fails = ""
    assert [sleep.machine_id for sleep in await town.proxy.tick()] == ["b"], "it is tried again"


@in_town
async def test_a_busy_machine_stays_up(town: Town) -> None:
    gate = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await gate.wait()
        return web.Response(text="done")

    toy = await town.machine("a", "iad", slow, service=SUSPENDS)
    asking = asyncio.create_task(town.text())
    await until(lambda: len(toy.requests) == 1)
    assert await town.proxy.tick() == []
    gate.set()
    assert await asking == "done"
    assert len(await town.proxy.tick()) == 1


@in_town
async def test_excess_capacity_is_drained_before_it_sleeps(town: Town) -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}

    def slow(name: str) -> Any:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            await gates[name].wait()
            return web.Response(text=name)

        return handle

    one = await town.machine("a", "iad", slow("a"), service=SUSPENDS)
    two = await town.machine("b", "iad", slow("b"), service=SUSPENDS)
    asking = [asyncio.create_task(town.text()) for _ in range(3)]
    await until(lambda: len(one.requests) + len(two.requests) == 3)
    quiet, busy = (one, two) if len(one.requests) == 1 else (two, one)
    ticking = asyncio.create_task(town.proxy.tick())
    await until(lambda: ("shop", quiet.machine_id) in town.proxy._sleeper.draining)
    asking.append(asyncio.create_task(town.text()))
    await until(lambda: len(busy.requests) == 3)  # new requests go to the one that stays
    assert quiet.state == "started"
    gates[quiet.machine_id].set()
    assert [sleep.machine_id for sleep in await ticking] == [quiet.machine_id]
    gates[busy.machine_id].set()
    assert len(await asyncio.gather(*asking)) == 4


@in_town
async def test_a_request_that_never_ends_is_not_cut_short(town: Town) -> None:
    gate = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await gate.wait()
        return web.Response(text="done")

    one = await town.machine("a", "iad", slow, service=SUSPENDS)
    two = await town.machine("b", "iad", slow, service=SUSPENDS)
    asking = [asyncio.create_task(town.text()) for _ in range(2)]
    await until(lambda: len(one.requests) + len(two.requests) == 2)
    assert await town.proxy.tick() == []  # after drain_seconds
    assert (one.state, two.state) == ("started", "started")
    gate.set()
    assert await asyncio.gather(*asking) == ["done", "done"]


@in_town(clock=CLOCK)
async def test_the_timer_judges_by_the_busiest_moment_since_its_last_pass(town: Town) -> None:
    town.turns.autostop_tick_seconds = 300
    toy = await town.machine("a", "iad", service=SUSPENDS)
    idle = await town.machine("b", "fra", service=SUSPENDS)
    CLOCK.advance(200)
    await town.text(host="iad.shop.localhost")
    CLOCK.advance(101)  # a pass is due, but there was a request to one of them since the last one
    await until(lambda: idle.state == "suspended")
    assert (toy.state, town.passes) == ("started", 1)
    CLOCK.advance(301)
    await until(lambda: toy.state == "suspended")
    await town.text(host="iad.shop.localhost")
    town.turns.autostop_tick_seconds = 0
    CLOCK.advance(10_000)
    await town.text(host="iad.shop.localhost")
    assert (toy.state, toy.wakes, town.passes) == ("started", 1, 2)


async def virtual_ms(clock: VirtualClock, work: asyncio.Task[Any]) -> float:
    """Run `work`, moving time on only when it waits for time; how much it took."""
    # The autostop timer looks around every second. Just after that nothing else is due within the second but delays.
    _pass_time(clock)
    quiet = clock.next_due() or 0.0
    began = clock.now()

    def delayed() -> bool:
        return (clock.next_due() or 0.0) < quiet

    while not work.done():
        await until(lambda: work.done() or delayed())
        if delayed():
            _pass_time(clock)
    return (clock.now() - began) * 1000


def _pass_time(clock: VirtualClock) -> None:
    """Move time on to whatever is due next."""
    due = clock.next_due()
    assert due is not None
    clock.advance(due - clock.now())


@in_town(clock=DELAYED)
async def test_delays_follow_the_table_and_a_replay_pays_for_both_ways(town: Town) -> None:
    async def near(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=409, headers={"fly-replay": "region=iad"})

    await town.machine("home", "iad")
    town.turns.delays = True
    direct = asyncio.create_task(town.text(host="nrt.shop.localhost"))
    took = await virtual_ms(DELAYED, direct)
    assert light_ms("nrt", "iad") <= took <= median_ms("nrt", "iad") * 1.25 + 40
    await town.machine("near", "nrt", near)
    replayed = asyncio.create_task(town.text(host="nrt.shop.localhost"))
    took = await virtual_ms(DELAYED, replayed)
    assert light_ms("nrt", "iad") <= took <= median_ms("nrt", "iad") * 1.25 + 40
    local = asyncio.create_task(town.text(host="iad.shop.localhost"))
    assert await virtual_ms(DELAYED, local) < 40


@in_town(clock=PLACED)
async def test_a_client_anywhere_also_pays_for_its_way_to_the_nearest_region(town: Town) -> None:
    await town.machine("home", "cdg")
    seen: list[Sighting] = []
    town.proxy.sightings.watch(seen.append)
    # Marseille, 661 km from Paris: 2 × 661 × 1.2 / 199.86 is 7.9 ms there and back.
    marseille = "at4330n537e.shop.localhost"
    assert await town.text(host=marseille) == "home cdg"
    town.turns.delays = True
    near = asyncio.create_task(town.text(host="cdg.shop.localhost"))
    took = await virtual_ms(PLACED, near)
    far = asyncio.create_task(town.text(host=marseille))
    assert 7.4 < await virtual_ms(PLACED, far) - took < 8.5
    # What no machine answers travels as far.
    nobody = asyncio.create_task(town.ask_status(host="at4330n537e.nowhere.localhost"))
    assert 7.4 < await virtual_ms(PLACED, nobody) < 8.5
    assert await nobody == 404
    assert [one.place for one in seen] == [(43.3, 5.37), None, (43.3, 5.37), (43.3, 5.37)]
    assert {one.edge for one in seen} == {"cdg"}


@in_town
async def test_a_place_that_is_not_on_earth_is_refused(town: Town) -> None:
    await town.machine("home", "iad")
    for host in ("at9001n0e", "at0n18001e"):
        async with town.ask(host=f"{host}.shop.localhost") as answer:
            assert answer.status == 421
            assert "at4886n235e" in await answer.text()


@in_town(clock=SOCKET)
async def test_websocket_messages_travel_too(town: Town) -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    await town.machine("home", "iad", echo)
    town.turns.delays = True
    socket: aiohttp.ClientWebSocketResponse

    async def dial() -> aiohttp.ClientWebSocketResponse:
        return await town.client.ws_connect(
            f"http://127.0.0.1:{town.proxy_port}/", headers={"Host": "nrt.shop.localhost"}
        )

    dialling = asyncio.create_task(dial())
    await virtual_ms(SOCKET, dialling)
    socket = await dialling
    await socket.send_str("hello")
    receiving = asyncio.create_task(socket.receive_str())
    took = await virtual_ms(SOCKET, receiving)
    assert await receiving == "hello"
    assert took >= light_ms("nrt", "iad") * 0.9
    closing = asyncio.create_task(socket.close())
    await virtual_ms(SOCKET, closing)
