"""Apps that pass requests on with fly-replay."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

from aiohttp import web

from tests.functional.local.proxy.proxy_town import QUICK, App, Town, in_town, says

REPLAYED = re.compile(r"instance=near;region=nrt;t=\d{16};state=write")


def replays(value: str, status: int = 409) -> App:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"fly-replay": value}, text="the client must never see this")

    return handle


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=await request.read(), headers={"X-Path": request.path_qs})


@in_town
async def test_a_write_is_replayed_with_its_body_and_the_client_sees_no_409(town: Town) -> None:
    await town.machine("near", "nrt", replays("region=iad;state=write"))
    home = await town.machine("home", "iad", echo)
    async with town.ask("/habits?x=1", "nrt.shop.localhost", "POST", data=b"name=run") as answer:
        assert answer.status == 200
        assert await answer.read() == b"name=run"
        assert answer.headers["X-Path"] == "/habits?x=1"
        assert "fly-replay" not in answer.headers
    headers = home.requests[-1].headers
    assert REPLAYED.fullmatch(headers["fly-replay-src"])
    assert headers["Fly-Region"] == "nrt"


@in_town
async def test_the_status_does_not_matter(town: Town) -> None:
    for status in (200, 204, 307, 500):
        await town.machine("near", "nrt", replays("region=iad", status))
        await town.machine("home", "iad")
        assert await town.text(host="nrt.shop.localhost") == "home iad"


@in_town
async def test_clients_cannot_pretend_to_be_replayed(town: Town) -> None:
    toy = await town.machine("a", "iad")
    await town.text(headers={"fly-replay-src": "instance=x;state=write", "Fly-Replay-Failed": "reason=timeout"})
    assert not {"fly-replay-src", "fly-replay-failed"} & {name.lower() for name in toy.requests[-1].headers}


@in_town
async def test_instance_elsewhere_and_other_apps(town: Town) -> None:
    await town.machine("near", "nrt", replays("instance=third"))
    await town.machine("second", "nrt", routable=False)
    await town.machine("third", "nrt", routable=False)
    assert await town.text(host="nrt.shop.localhost") == "third nrt"
    town.machines["near"].handler = replays("elsewhere=true")
    await town.machine("home", "iad")
    assert await town.text(host="nrt.shop.localhost") == "home iad"
    town.machines["near"].handler = replays('app=other;region="fra,any"')
    await town.machine("z", "lhr", app="other")
    assert await town.text(host="nrt.shop.localhost") == "z lhr"
    town.machines["near"].handler = replays("app=missing")
    async with town.ask(host="nrt.shop.localhost") as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PA04")


@in_town
async def test_a_region_without_machines_is_no_candidate_and_any_is_the_way_out(town: Town) -> None:
    await town.machine("near", "nrt", replays("region=syd"))
    await town.machine("home", "iad")
    async with town.ask(host="nrt.shop.localhost") as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (503, "PR03")
    town.machines["near"].handler = replays('region="syd,any";elsewhere=true')
    assert await town.text(host="nrt.shop.localhost") == "home iad"


@in_town
async def test_prefer_instance_falls_through_to_the_region(town: Town) -> None:
    await town.machine("near", "nrt", replays("prefer_instance=gone;region=iad"))
    home = await town.machine("home", "iad")
    assert await town.text(host="nrt.shop.localhost") == "home iad"
    assert home.requests[-1].headers["fly-preferred-instance-unavailable"] == "gone"


@in_town
async def test_a_sleeping_target_is_woken(town: Town) -> None:
    await town.machine("near", "nrt", replays("region=iad"))
    home = await town.machine("home", "iad", state="suspended")
    assert await town.text(host="nrt.shop.localhost") == "home iad"
    assert home.wakes == 1


@in_town
async def test_a_loop_ends_after_ten_replays(town: Town) -> None:
    ping = await town.machine("ping", "nrt", replays("instance=pong"))
    pong = await town.machine("pong", "nrt", replays("instance=ping"))
    async with town.ask(host="nrt.shop.localhost", method="POST", data=b"x") as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PA02")
    assert len(ping.requests) + len(pong.requests) == 11  # the first delivery and ten replays
    assert (town.proxy.in_flight("shop", "ping"), town.proxy.in_flight("shop", "pong")) == (0, 0)


@in_town
async def test_nonsense_is_502(town: Town) -> None:
    toy = await town.machine("a", "iad")
    for value in ("region=iad,nrt", "wat=1", "", "region", "timeout=soon;region=iad", "fallback=maybe"):
        toy.handler = replays(value)
        async with town.ask() as answer:
            assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PA03"), value


@in_town
async def test_the_json_form_rewrites_the_request(town: Town) -> None:
    document = {
        "app": "other",
        "region": "eu,any",
        "state": "s",
        "transform": {
            "path": "/new?q=1",
            "delete_headers": ["X-Secret", "Content-Length", "Host"],
            "set_headers": [{"name": "X-Added", "value": "yes"}, {"name": "Transfer-Encoding", "value": "chunked"}],
        },
    }

    async def near(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=json.dumps(document).encode(), content_type="application/vnd.fly.replay+json")

    await town.machine("near", "nrt", near)
    target = await town.machine("z", "fra", echo, app="other")
    async with town.ask(method="POST", data=b"body", headers={"X-Secret": "1", "X-Kept": "2"}) as answer:
        assert await answer.read() == b"body"
        assert answer.headers["X-Path"] == "/new?q=1"
    got = target.requests[-1].headers
    assert (got.get("X-Added"), got.get("X-Kept"), got.get("X-Secret")) == ("yes", "2", None)
    assert got["Host"] == "shop.localhost"
    document["transform"] = {"path": "no slash"}
    async with town.ask() as answer:
        assert answer.headers["Fly-Proxy-Error"] == "PA03"


@in_town
async def test_fallback_brings_the_request_home_with_the_reason(town: Town) -> None:
    answers: list[str] = []

    async def near(request: web.BaseRequest) -> web.StreamResponse:
        failed = request.headers.get("fly-replay-failed")
        if failed is None:
            return web.Response(status=409, headers={"fly-replay": "region=iad;timeout=200ms;fallback=prefer_self"})
        answers.append(failed)
        return web.Response(status=503, text=f"read-only {(await request.read()).decode()}")

    await town.machine("near", "nrt", near)
    home = await town.machine("home", "iad", routable=False)
    for state in ("unhealthy", "gone"):
        if state == "gone":
            town.machines.pop("home")
        async with town.ask(host="nrt.shop.localhost", method="POST", data=b"tick") as answer:
            assert answer.status == 503
            assert await answer.text() == "read-only tick"
    town.machines["home"] = home
    home.routable, home.state = True, "started"
    await home.hang_up()
    async with town.ask(host="nrt.shop.localhost", method="POST", data=b"tick") as answer:
        assert answer.status == 503
    reasons = [dict(part.split("=") for part in text.split(";")) for text in answers]
    assert [reason["reason"] for reason in reasons] == ["timeout", "no_candidate", "timeout"]
    assert {(r["app"], r["region"], r["replay_source"]) for r in reasons} == {("shop", "iad", "near")}
    assert int(reasons[0]["elapsed_ms"]) >= 200


@in_town(limits=replace(QUICK, hold_seconds=0.1))
async def test_without_a_timeout_the_reason_is_exhausted_retries(town: Town) -> None:
    async def near(request: web.BaseRequest) -> web.StreamResponse:
        failed = request.headers.get("fly-replay-failed")
        if failed is None:
            return web.Response(headers={"fly-replay": "region=iad;fallback=force_self"})
        return web.Response(text=failed)

    await town.machine("near", "nrt", near)
    await town.machine("home", "iad", listening=False)
    assert "reason=retries_exhausted" in await town.text(host="nrt.shop.localhost")


@in_town
async def test_a_fallback_cannot_be_replayed_again(town: Town) -> None:
    near = await town.machine("near", "nrt", replays("region=syd;fallback=force_self"))
    async with town.ask(host="nrt.shop.localhost") as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PA03")
    assert len(near.requests) == 2


@in_town
async def test_a_failing_answer_of_the_target_is_not_a_failed_replay(town: Town) -> None:
    await town.machine("near", "nrt", replays("region=iad;fallback=force_self"))

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500, text="broken")

    await town.machine("home", "iad", broken)
    async with town.ask(host="nrt.shop.localhost") as answer:
        assert (answer.status, await answer.text()) == (500, "broken")


@in_town
async def test_bodies_up_to_the_limit_are_replayed_and_larger_ones_refused(town: Town) -> None:
    async def reads_first(request: web.BaseRequest) -> web.StreamResponse:
        await request.content.read()
        return web.Response(status=409, headers={"fly-replay": "region=iad"})

    home = await town.machine("home", "iad", echo)
    for handler in (replays("region=iad"), reads_first):
        await town.machine("near", "nrt", handler)
        for size, chunked in ((70_000, False), (1_000_000, False), (500_000, True)):
            body = bytes(range(256)) * (size // 256) + b"!" * (size % 256)
            data = _in_chunks(body) if chunked else body
            async with town.ask(host="nrt.shop.localhost", method="POST", data=data) as answer:
                assert answer.status == 200
                assert await answer.read() == body
        before = len(home.requests)
        for data in (b"x" * 1_000_001, _in_chunks(b"x" * 1_500_000)):
            async with town.ask(host="nrt.shop.localhost", method="POST", data=data) as answer:
                assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (413, "PA01")
                assert "fly-prefer-region" in await answer.text()
        assert len(home.requests) == before


@in_town
async def test_replay_caching_is_not_pretended(town: Town) -> None:
    async def near(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(headers={"fly-replay": "region=iad", "fly-replay-cache": "/*"})

    toy = await town.machine("near", "nrt", near)
    await town.machine("home", "iad", says("home", fly_replay_cache="/x/*"))
    for _ in range(2):
        async with town.ask(host="nrt.shop.localhost") as answer:
            assert await answer.text() == "home"
            assert "fly-replay-cache" not in answer.headers
    assert len(toy.requests) == 2
    assert any("not modelled" in line for line in town.lines)


async def _in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 30_000):
        yield body[start : start + 30_000]
        await asyncio.sleep(0)
