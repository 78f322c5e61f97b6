"""Websockets through the proxy."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.functional.local.proxy.proxy_town import Town, in_town
from tests.waiting import until


async def chat(request: web.BaseRequest) -> web.StreamResponse:
    socket = web.WebSocketResponse(protocols=("chat.v2", "chat.v1"), max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT and message.data == "bye":
            await socket.close(code=4001, message=b"as you wish")
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(f"you said {message.data}")
        else:
            await socket.send_bytes(message.data)
    return socket


def dial(town: Town, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
    headers = {"Host": "shop.localhost", **options.pop("headers", {})}
    return town.client.ws_connect(
        f"http://127.0.0.1:{town.proxy_port}/chat", headers=headers, max_msg_size=0, **options
    )


@in_town
async def test_messages_both_ways_subprotocol_and_close_code(town: Town) -> None:
    toy = await town.machine("a", "iad", chat)
    async with dial(town, protocols=("chat.v1",)) as socket:
        assert socket.protocol == "chat.v1"
        await socket.send_str("hello")
        assert await socket.receive_str() == "you said hello"
        blob = bytes(range(256)) * 8192
        await socket.send_bytes(blob)
        assert await socket.receive_bytes() == blob
        assert town.proxy.in_flight("shop", "a") == 1
        await socket.send_str("bye")
        last = await socket.receive()
        assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 4001, "as you wish")
    assert toy.requests[-1].headers["Fly-Region"] == "iad"
    await until(lambda: town.proxy.in_flight("shop", "a") == 0)


@in_town
async def test_compression_is_between_the_two_ends(town: Town) -> None:
    await town.machine("a", "iad", chat)
    async with dial(town, compress=15) as socket:
        assert socket.compress == 15
        await socket.send_str("z" * 100_000)
        assert await socket.receive_str() == "you said " + "z" * 100_000


@in_town
async def test_the_clients_close_code_reaches_the_machine(town: Town) -> None:
    codes: list[int | None] = []

    async def listen(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        codes.append(socket.close_code)
        return socket

    await town.machine("a", "iad", listen)
    async with dial(town) as socket:
        await socket.close(code=4321)
    await until(lambda: codes == [4321])


@in_town
async def test_either_end_that_vanishes_takes_the_other_with_it(town: Town) -> None:
    ended = asyncio.Event()

    async def listen(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            message = await socket.receive()
        finally:
            ended.set()
        if message.type is WSMsgType.TEXT:
            assert request.transport is not None
            request.transport.abort()
        return socket

    await town.machine("a", "iad", listen)
    async with dial(town, autoclose=False) as socket:
        assert socket._response.connection is not None
        transport = socket._response.connection.transport
        assert transport is not None
        transport.abort()
        await asyncio.wait_for(ended.wait(), 5)
    async with dial(town) as socket:
        await socket.send_str("go away")
        assert (await asyncio.wait_for(socket.receive(), 5)).type in (
            WSMsgType.CLOSED,
            WSMsgType.CLOSE,
            WSMsgType.ERROR,
        )
    await until(lambda: town.proxy.in_flight("shop", "a") == 0)


@in_town
async def test_a_refused_upgrade_keeps_its_status_and_body(town: Town) -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"error": "log in first"}, status=401)

    await town.machine("a", "iad", refuse)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "a" * 24,
    }
    async with town.ask("/chat", headers=headers) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "log in first"})


@in_town
async def test_a_handshake_can_be_replayed(town: Town) -> None:
    async def near(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=409, headers={"fly-replay": "region=iad"})

    await town.machine("near", "nrt", near)
    await town.machine("home", "iad", chat)
    async with dial(town, headers={"Host": "nrt.shop.localhost"}) as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "you said hello"


@in_town
async def test_other_upgrades_are_ordinary_requests(town: Town) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=str("Upgrade" in request.headers))

    await town.machine("a", "iad", handle)
    assert await town.text(headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}) == "False"


@in_town
async def test_closing_the_proxy_ends_open_websockets(town: Town) -> None:
    await town.machine("a", "iad", chat)
    async with dial(town) as socket:
        await town.proxy.close()
        assert (await asyncio.wait_for(socket.receive(), 5)).type in (
            WSMsgType.CLOSED,
            WSMsgType.CLOSE,
            WSMsgType.ERROR,
        )
