"""Connections: kept and closed, left by one end, silent, broken off, or of an older kind of HTTP."""

from __future__ import annotations

import asyncio
import http.server
import threading
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.functional.local.proxy.proxy_town import Town, in_town
from tests.waiting import until


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
    arrived = asyncio.Event()

    async def breaks(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={} if request.path == "/chunked" else {"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        await arrived.wait()
        assert request.transport is not None
        request.transport.abort()
        return response

    await town.machine("a", "iad", breaks)
    for path in ("/chunked", "/sized"):
        arrived.clear()
        async with town.ask(path) as answer:
            assert await answer.content.readexactly(4) == b"half"
            arrived.set()
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read()


@in_town
async def test_a_machine_that_stays_silent_is_504_and_not_asked_twice(town: Town) -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
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
    arrived = asyncio.Event()

    async def streams(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part one, ")
        await arrived.wait()
        await response.write(b"part two")
        return response

    await town.machine("a", "iad", streams)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    writer.write(b"GET / HTTP/1.0\r\nHost: shop.localhost\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"part one, "), 5)
    arrived.set()
    answer += await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.endswith(b"\r\n\r\npart one, part two")
    assert b"chunked" not in answer.lower()
