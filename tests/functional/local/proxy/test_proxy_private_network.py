"""Machines that ask each other by names under .internal."""

from __future__ import annotations

import asyncio

from aiohttp import web

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.proxy.latency import light_ms, median_ms
from tests.functional.local.proxy.proxy_town import Town, in_town, says
from tests.functional.local.proxy.test_proxy_sleep_and_delay import virtual_ms

DELAYED = VirtualClock()
ONE, OTHER = "0" * 14, "1" * 14


@in_town()
async def test_a_name_means_the_machines_of_a_region_or_one_of_them(town: Town) -> None:
    await town.machine(ONE, "iad", says("home"))
    await town.machine(OTHER, "nrt", says("near"))
    assert await town.text(host="iad.shop.internal") == "home"
    assert await town.text(host="nrt.shop.internal:8080") == "near"
    assert await town.text(host=f"{OTHER}.vm.shop.internal:8080") == "near"
    assert await town.text(host="shop.internal") in ("home", "near")


@in_town()
async def test_nobody_is_woken_and_another_port_is_nobodys(town: Town) -> None:
    asleep = await town.machine(ONE, "iad", state="suspended")
    for host in ("iad.shop.internal", "fra.shop.internal", "shop.internal:9000", "other.internal"):
        async with town.ask(host=host) as answer:
            assert (answer.status, "asking wakes none" in await answer.text()) == (502, True)
    assert asleep.wakes == 0


@in_town()
async def test_nothing_tells_of_a_proxy_and_nobody_can_claim_one(town: Town) -> None:
    home = await town.machine(ONE, "iad", says("home"))
    await town.text(host="iad.shop.internal", headers={"Fly-Client-IP": "1.2.3.4", "X-Inside": "signed"})
    headers = home.requests[-1].headers
    assert headers["X-Inside"] == "signed"
    assert headers["Host"] == "iad.shop.internal"
    for name in ("Fly-Client-IP", "Fly-Request-Id", "Fly-Forwarded-Port", "X-Forwarded-For", "Via"):
        assert name not in headers


@in_town()
async def test_a_replay_is_no_business_of_the_private_network(town: Town) -> None:
    async def replaying(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=409, headers={"fly-replay": "region=nrt"})

    await town.machine(ONE, "iad", replaying)
    async with town.ask(host="iad.shop.internal") as answer:
        assert answer.status == 409


@in_town(clock=DELAYED)
async def test_the_distance_is_charged_there_and_back_and_once_more_for_a_connection(town: Town) -> None:
    await town.machine(ONE, "iad")
    town.turns.delays = True

    async def asked() -> float:
        asking = asyncio.create_task(town.text(host="iad.shop.internal", headers={"Fly-Region": "nrt"}))
        return await virtual_ms(DELAYED, asking)

    new, kept = await asked(), await asked()
    assert light_ms("nrt", "iad") <= kept <= median_ms("nrt", "iad") * 1.25 + 40
    assert 2 * light_ms("nrt", "iad") <= new <= 2 * median_ms("nrt", "iad") * 1.25 + 40
    assert new > kept * 1.5
