"""Where requests end up, with real machines behind the proxy."""

from __future__ import annotations

import asyncio

from aiohttp import web

from flyctl_orchestrator.local.proxy.backend import Service
from tests.functional.local.proxy.proxy_town import PATIENT, Town, in_town, says
from tests.waiting import until


@in_town
async def test_the_host_chooses_app_and_region(town: Town) -> None:
    await town.machine("a1", "iad")
    await town.machine("b1", "nrt")
    await town.machine("z1", "nrt", app="other")
    town.primary["shop"] = "iad"
    assert await town.text() == "a1 iad"
    assert await town.text(host="nrt.shop.localhost:4280") == "b1 nrt"
    assert await town.text(headers={"Fly-Local-Region": "nrt"}) == "b1 nrt"
    assert await town.text(host="syd.shop.localhost") == "b1 nrt"  # Tokyo is nearer to Sydney than Ashburn
    assert await town.text(host="other.localhost") == "z1 nrt"


@in_town
async def test_wrong_hosts_get_one_clear_line(town: Town) -> None:
    await town.machine("a1", "iad")
    for host, status, words in [
        ("example.com", 421, "no app's address"),
        ("xxx.shop.localhost", 421, "no region 'xxx'"),
        ("nothere.localhost", 404, "[PM06]"),
    ]:
        async with town.ask(host=host) as answer:
            assert answer.status == status
            assert words in await answer.text()
    async with town.ask(headers={"Fly-Local-Region": "moon"}) as answer:
        assert answer.status == 400
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")  # no Host at all
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.0 421")
    writer.close()


@in_town(limits=PATIENT)
async def test_an_app_destroyed_while_its_requests_wait_ends_them(town: Town) -> None:
    await town.machine("only", "iad", state="stopping")
    asking = asyncio.create_task(_status(town))
    await town.looked()
    town.app_names.clear()
    town.machines.clear()
    assert await asking == (503, "PR01")


@in_town
async def test_force_instance_reaches_cordoned_failing_and_sleeping_machines(town: Town) -> None:
    await town.machine("good", "iad")
    await town.machine("cordoned", "iad", routable=False)
    sleeper = await town.machine("asleep", "fra", state="suspended")
    for machine_id in ("good", "cordoned", "asleep"):
        body = await town.text(headers={"fly-force-instance-id": machine_id})
        assert body.split()[0] == machine_id
    assert sleeper.wakes == 1
    async with town.ask(headers={"fly-force-instance-id": "nobody"}) as answer:
        assert answer.status == 503
        assert answer.headers["Fly-Proxy-Error"] == "PR02"


@in_town
async def test_force_instance_never_goes_elsewhere(town: Town) -> None:
    await town.machine("good", "iad")
    await town.machine("dead", "iad", listening=False)
    async with town.ask(headers={"fly-force-instance-id": "dead"}) as answer:
        assert answer.status == 502
        assert answer.headers["Fly-Proxy-Error"] == "PC01"
        assert "dead" in await answer.text()


@in_town(limits=PATIENT)
async def test_force_instance_waits_for_a_machine_that_is_just_starting(town: Town) -> None:
    toy = await town.machine("fresh", "iad", state="starting", listening=False)

    async def boot() -> None:
        await town.looked()
        toy.state = "started"  # the process exists, but does not listen yet
        await town.counted("retries")
        await toy.listen(toy.port)

    boots = asyncio.create_task(boot())
    assert await town.text(headers={"fly-force-instance-id": "fresh"}) == "fresh iad"
    await boots


@in_town
async def test_preferred_instance_and_the_header_when_it_is_not_there(town: Town) -> None:
    near = await town.machine("near", "iad")
    await town.machine("far", "fra")
    assert await town.text(headers={"fly-prefer-instance-id": "far"}) == "far fra"
    await town.text(headers={"fly-prefer-instance-id": "gone", "fly-preferred-instance-unavailable": "a lie"})
    assert near.requests[-1].headers["fly-preferred-instance-unavailable"] == "gone"
    await town.text(headers={"fly-preferred-instance-unavailable": "a lie"})
    assert "fly-preferred-instance-unavailable" not in near.requests[-1].headers


@in_town
async def test_region_headers(town: Town) -> None:
    await town.machine("a1", "iad")
    await town.machine("b1", "fra")
    town.primary["shop"] = "iad"
    assert await town.text(headers={"fly-prefer-region": "eu"}) == "b1 fra"
    assert await town.text(headers={"fly-prefer-region": "nrt,fra"}) == "b1 fra"
    assert await town.text(headers={"fly-prefer-region": "nrt"}) == "a1 iad"
    assert await town.text(headers={"fly-force-region": "fra"}) == "b1 fra"
    async with town.ask(headers={"fly-force-region": "nrt"}) as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (503, "PR03")


@in_town
async def test_a_refused_connection_goes_to_another_machine_whatever_the_method(town: Town) -> None:
    await town.machine("dead", "iad", listening=False)
    alive = await town.machine("alive", "fra", _echo)
    town.primary["shop"] = "iad"
    for _ in range(5):
        assert await town.text(method="POST", data=b"payload") == "payload"
    assert len(alive.requests) == 5


@in_town
async def test_a_machine_that_accepts_and_drops_is_retried_only_when_harmless(town: Town) -> None:
    seen: list[str] = []

    async def drops(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.method)
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    await town.machine("drops", "iad", drops)
    await town.machine("other", "fra")
    town.primary["shop"] = "iad"
    assert await town.text() == "other fra"
    async with town.ask(method="POST", data=b"once") as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PC03")
    assert seen.count("POST") == 1


@in_town(limits=PATIENT)
async def test_requests_wait_while_the_only_machine_restarts(town: Town) -> None:
    toy = await town.machine("only", "iad", state="stopping")

    async def restart() -> None:
        await town.counted("requests", 10)
        await town.looked(20)
        toy.state = "starting"
        await town.looked(20)
        toy.state = "started"

    restarts = asyncio.create_task(restart())
    bodies = await asyncio.gather(*(town.text() for _ in range(10)))
    assert bodies == ["only iad"] * 10
    await restarts


@in_town
async def test_no_healthy_machine_is_503_after_a_while(town: Town) -> None:
    await town.machine("sick", "iad", routable=False)
    async with town.ask() as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (503, "PR01")
        assert answer.headers["Retry-After"] == "1"
    town.app_names.add("empty")
    async with town.ask(host="empty.localhost") as answer:
        assert answer.headers["Fly-Proxy-Error"] == "PR01"


@in_town
async def test_asleep_without_autostart_fails_at_once(town: Town) -> None:
    toy = await town.machine("asleep", "iad", state="stopped", service=Service(8080, autostart=False))
    async with town.ask() as answer:
        assert answer.status == 503
    assert toy.wakes == 0


@in_town
async def test_a_rush_wakes_a_sleeping_machine_once(town: Town) -> None:
    toy = await town.machine("asleep", "iad", state="suspended")
    other = await town.machine("btoo", "iad", state="suspended")
    town.may_wake = lambda: town.proxy.stats()["requests"] == 20
    bodies = await asyncio.gather(*(town.text() for _ in range(20)))
    assert set(bodies) == {"asleep iad"}
    assert (toy.wakes, other.wakes) == (1, 0)


@in_town
async def test_a_machine_that_will_not_wake_is_passed_over(town: Town) -> None:
    stuck = await town.machine("aaa", "iad", state="stopped")
    stuck.wake_fails = "lease held by somebody"
    await town.machine("bbb", "iad", state="stopped")
    assert await town.text() == "bbb iad"
    town.machines.pop("bbb")
    async with town.ask() as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (503, "PM02")
        assert "lease held by somebody" in await answer.text()
    assert stuck.wakes <= 4


@in_town
async def test_hard_limit_queues_and_spills_only_to_healthy_regions(town: Town) -> None:
    gate = asyncio.Event()
    peak, now = 0, 0

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal peak, now
        now += 1
        peak = max(peak, now)
        await gate.wait()
        now -= 1
        return web.Response(text="slow")

    toy = await town.machine("one", "iad", slow, service=Service(8080, "requests", soft_limit=1, hard_limit=3))
    waiting = [asyncio.create_task(town.text()) for _ in range(8)]
    await until(lambda: len(toy.requests) == 3)
    await town.machine("two", "fra")
    spilled = await town.text()
    assert spilled == "two fra"
    gate.set()
    answers = await asyncio.gather(*waiting)
    assert peak == 3
    assert set(answers) <= {"slow", "two fra"}


@in_town
async def test_overload_that_lasts_is_503(town: Town) -> None:
    gate = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await gate.wait()
        return web.Response(text="slow")

    toy = await town.machine("one", "iad", slow, service=Service(8080, "requests", hard_limit=1))
    first = asyncio.create_task(town.text())
    await until(lambda: len(toy.requests) == 1)
    async with town.ask() as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (503, "PL02")
    gate.set()
    assert await first == "slow"


@in_town(limits=PATIENT)
async def test_queued_requests_are_served_as_places_come_free(town: Town) -> None:
    async def brief(request: web.BaseRequest) -> web.StreamResponse:
        await until(lambda: town.proxy.stats()["requests"] == 40)
        return web.Response(text="ok")

    toy = await town.machine("one", "iad", brief, service=Service(8080, "requests", hard_limit=2))
    assert set(await asyncio.gather(*(town.text() for _ in range(40)))) == {"ok"}
    assert len(toy.requests) == 40
    assert town.proxy.in_flight("shop", "one") == 0


@in_town
async def test_above_the_soft_limit_a_sleeper_is_woken_for_the_next_ones(town: Town) -> None:
    gate = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await gate.wait()
        return web.Response(text="slow")

    service = Service(8080, "requests", soft_limit=1)
    up = await town.machine("up", "iad", slow, service=service)
    spare = await town.machine("spare", "iad", says("spare"), service=service, state="stopped")
    first = asyncio.create_task(town.text())
    await until(lambda: len(up.requests) == 1)
    second = asyncio.create_task(town.text())
    await until(lambda: spare.state == "started")
    assert await town.text() == "spare"
    gate.set()
    assert {await first, await second} == {"slow"}


async def _status(town: Town) -> tuple[int, str]:
    async with town.ask() as answer:
        return answer.status, answer.headers["Fly-Proxy-Error"]


async def _echo(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=await request.read())
