"""What flows through the proxy: bodies and headers."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

from aiohttp import web

from tests.functional.local.proxy.proxy_town import Town, in_town, says
from tests.waiting import until


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=await request.read(), headers={"X-Length": request.headers.get("Content-Length", "none")})


@in_town
async def test_request_headers_say_who_came_and_where(town: Town) -> None:
    toy = await town.machine("a", "iad")
    await town.text(
        host="nrt.shop.localhost",
        headers={
            "X-Forwarded-For": "10.0.0.9",
            "Fly-Client-IP": "6.6.6.6",
            "Fly-Region": "xxx",
            "X-Forwarded-Port": "443",
            "Connection": "X-Hop",
            "X-Hop": "no",
            "X-Kept": "yes",
        },
    )
    got = toy.requests[-1].headers
    assert got["Fly-Client-IP"] == "127.0.0.1"
    assert got["Fly-Region"] == "nrt"
    assert got["Fly-Forwarded-Port"] == str(town.proxy_port)
    assert got["X-Forwarded-For"] == "10.0.0.9, 127.0.0.1, 127.0.0.1"
    assert (got["X-Forwarded-Proto"], got["X-Forwarded-SSL"], got["X-Forwarded-Port"]) == ("http", "off", "443")
    assert got["Via"] == "1.1 fly.io"
    assert got["Fly-Request-Id"].endswith("-nrt")
    assert got["Host"] == "nrt.shop.localhost"
    assert got["X-Kept"] == "yes"
    assert "X-Hop" not in got
    assert "Fly-Local-Region" not in got


@in_town
async def test_response_headers(town: Town) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.Response(status=302, headers={"Location": "/login", "Server": "mine", "Keep-Alive": "timeout=5"})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    await town.machine("a", "iad", handle)
    async with town.ask() as answer:
        assert answer.status == 302  # redirects are for the client to follow
        assert answer.headers["Location"] == "/login"
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers.getall("Server") == ["Fly/local"]
        assert answer.headers["Via"] == "1.1 fly.io"
        assert answer.headers["Fly-Request-Id"]
        assert "Keep-Alive" not in answer.headers


@in_town
async def test_paths_and_methods_arrive_as_sent(town: Town) -> None:
    toy = await town.machine("a", "iad")
    for path in ("/a%2Fb/%20?q=a+b&q=%C3%A9", "//double", "/%zz"):
        reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
        writer.write(f"PURGE {path} HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        assert (toy.requests[-1].method, toy.requests[-1].raw_path) == ("PURGE", path)


@in_town
async def test_head_options_and_empty_answers(town: Town) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/nothing":
            return web.Response(status=204)
        if request.path == "/same":
            return web.Response(status=304, headers={"ETag": '"x"'})
        return web.Response(text="four", headers={"Allow": "GET"})

    await town.machine("a", "iad", handle)
    async with town.ask(method="HEAD") as answer:
        assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (200, "4", b"")
    async with town.ask(method="OPTIONS") as answer:
        assert answer.headers["Allow"] == "GET"
    for path, status in (("/nothing", 204), ("/same", 304)):
        async with town.ask(path) as answer:
            assert (answer.status, await answer.read()) == (status, b"")
            assert "Transfer-Encoding" not in answer.headers


@in_town
async def test_five_megabytes_up_and_down(town: Town) -> None:
    progress: list[int] = []
    body = bytes(range(256)) * 20_000

    async def mirror(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": request.headers["Content-Length"]})
        await response.prepare(request)
        async for piece in request.content.iter_any():
            progress.append(len(piece))
            await response.write(piece)
        await response.write_eof()
        return response

    await town.machine("a", "iad", mirror)
    async with town.ask(method="PUT", data=body) as answer:
        assert await answer.read() == body
    assert len(progress) > 10


@in_town
async def test_an_upload_is_passed_on_while_it_comes_in(town: Town) -> None:
    first_seen, go_on = asyncio.Event(), asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        start = await request.content.readany()
        first_seen.set()
        return web.Response(body=start + await request.content.read())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first "
        await go_on.wait()
        yield b"second"

    await town.machine("a", "iad", handle)
    answer = asyncio.create_task(town.text(method="POST", data=pieces()))
    await asyncio.wait_for(first_seen.wait(), 5)
    go_on.set()
    assert await answer == "first second"


@in_town
async def test_server_sent_events_arrive_one_by_one(town: Town) -> None:
    sent = asyncio.Event()

    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(3):
            await response.write(f"data: {number}\n\n".encode())
            await sent.wait()
            sent.clear()
        return response

    await town.machine("a", "iad", events)
    async with town.ask() as answer:
        for number in range(3):
            piece = await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5)
            assert piece == f"data: {number}\n\n".encode()
            sent.set()
        assert await answer.content.read() == b""
    await until(lambda: town.proxy.in_flight("shop", "a") == 0)


@in_town
async def test_compressed_bodies_stay_as_they_are(town: Town) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Content-Encoding"] == "gzip"
        return web.Response(body=gzip.compress(b"answer", mtime=0), headers={"Content-Encoding": "gzip"})

    toy = await town.machine("a", "iad", handle)
    packed = gzip.compress(b"question", mtime=0)
    async with town.ask(method="POST", data=packed, headers={"Content-Encoding": "gzip"}) as answer:
        assert gzip.decompress(await answer.read()) == b"answer"
    assert toy.requests[-1].headers["Content-Length"] == str(len(packed))


@in_town
async def test_content_length_is_kept_and_chunked_stays_chunked(town: Town) -> None:
    await town.machine("a", "iad", echo)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"

    for data, length in ((b"x" * 200_000, "200000"), (b"abc", "3"), (pieces(), "none")):
        async with town.ask(method="POST", data=data) as answer:
            assert answer.headers["X-Length"] == length


@in_town
async def test_expect_continue_is_answered_before_the_body_comes(town: Town) -> None:
    await town.machine("a", "iad", echo)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hi")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(2) == b"hi"
    writer.close()


@in_town
async def test_large_headers_both_ways(town: Town) -> None:
    await town.machine("a", "iad", says("ok", X_Large="y" * 20_000))
    async with town.ask(headers={"Cookie": "c=" + "x" * 20_000}) as answer:
        assert (answer.status, len(answer.headers["X-Large"])) == (200, 20_000)


@in_town
async def test_counts_for_the_status_page(town: Town) -> None:
    await town.machine("a", "iad")
    await town.text()
    async with town.ask(host="none.localhost"):
        pass
    stats = town.proxy.stats()
    assert (stats["requests"], stats["errors"]) == (2, 1)
    assert stats["apps"] == {"shop": {"a": {"in_flight": 0, "served": 1}}}
