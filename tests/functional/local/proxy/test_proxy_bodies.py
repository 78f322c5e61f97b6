"""What flows through the proxy: bodies, headers, connections, and what happens when one end leaves."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from tests.functional.local.proxy.proxy_town import Town, in_town, says, until


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
async def test_a_client_that_leaves_is_noticed_by_the_machine(town: Town) -> None:
    left = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"hello")
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError("unreachable")

    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError("unreachable")

    toy = await town.machine("a", "iad", endless)
    for handler in (endless, silent):
        toy.handler = handler
        toy.requests.clear()
        asking = asyncio.create_task(town.text())
        await until(lambda: len(toy.requests) == 1)
        asking.cancel()
        await asyncio.wait_for(left.wait(), 5)
        left.clear()
        await until(lambda: town.proxy.in_flight("shop", "a") == 0)


@in_town
async def test_a_client_that_leaves_in_the_middle_of_its_upload(town: Town) -> None:
    broke = asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await request.content.read()
        finally:
            broke.set()
        raise AssertionError("the upload must not look complete")

    toy = await town.machine("a", "iad", handle)
    _, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
    await until(lambda: len(toy.requests) == 1)
    writer.close()
    await asyncio.wait_for(broke.wait(), 5)
    await until(lambda: town.proxy.in_flight("shop", "a") == 0)


@in_town
async def test_an_answer_may_come_before_the_upload_is_over(town: Town) -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=401, text="log in first")

    await town.machine("a", "iad", refuse)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 401")
    assert await reader.readexactly(12) == b"log in first"
    writer.write(b"x" * 100_000 + b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 401")  # the connection goes on
    writer.close()


@in_town
async def test_half_an_answer_does_not_look_like_a_whole_one(town: Town) -> None:
    async def breaks(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={} if request.path == "/chunked" else {"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.sleep(0.02)
        assert request.transport is not None
        request.transport.abort()
        return response

    await town.machine("a", "iad", breaks)
    for path in ("/chunked", "/sized"):
        try:
            async with town.ask(path) as answer:
                await answer.read()
        except aiohttp.ClientError:
            continue
        raise AssertionError("the broken answer was passed off as complete")


@in_town
async def test_a_machine_that_stays_silent_is_504_and_not_asked_twice(town: Town) -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(20)
        return web.Response()

    toy = await town.machine("a", "iad", silent)
    async with town.ask() as answer:
        assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (504, "PC05")
    assert len(toy.requests) == 1


@in_town
async def test_a_machine_that_does_not_speak_http_is_502(town: Town) -> None:
    toy = await town.machine("a", "iad", listening=False)

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", toy.port):
        async with town.ask() as answer:
            assert (answer.status, answer.headers["Fly-Proxy-Error"]) == (502, "PC06")


@in_town
async def test_an_old_fashioned_server_that_closes_after_each_answer(town: Town) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"until the end")

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        toy = await town.machine("a", "iad", listening=False)
        toy.port = server.server_address[1]
        assert await town.text() == "until the end"
        assert await town.text() == "until the end"
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


@in_town
async def test_connections_to_machines_are_reused_for_reads_and_fresh_for_writes(town: Town) -> None:
    toy = await town.machine("a", "iad")
    for _ in range(3):
        await town.text()
    assert len({request.transport for request in toy.requests}) <= 1 + sum(r.transport is None for r in toy.requests)
    ports = {id(request.protocol) for request in toy.requests}
    assert len(ports) == 1
    await town.text(method="POST", data=b"x")
    assert id(toy.requests[-1].protocol) not in ports


@in_town
async def test_reads_survive_a_machine_that_closed_its_idle_connection(town: Town) -> None:
    toy = await town.machine("a", "iad")
    await town.text()
    await toy.hang_up()
    await toy.listen(toy.port)
    assert await town.text() == "a iad"


@in_town
async def test_http_1_0_clients_are_served(town: Town) -> None:
    async def streams(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part one, ")
        await asyncio.sleep(0.01)
        await response.write(b"part two")
        return response

    await town.machine("a", "iad", streams)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"GET / HTTP/1.0\r\nHost: shop.localhost\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.endswith(b"\r\n\r\npart one, part two")
    assert b"chunked" not in answer.lower()


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
