"""What apps answer with that HTTP allows and few do: early hints, trailers, a body to HEAD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.functional.local.proxy.proxy_town import App, Town, in_town


@asynccontextmanager
async def saying(town: Town, *answers: bytes) -> AsyncIterator[list[bytes]]:
    """A machine that gives these answers one after the other on each connection; the heads of what it was asked."""
    toy, heads = await town.machine("a", "iad", listening=False), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", toy.port) as server:
        yield heads
        server.close()


@in_town
async def test_early_hints_come_before_an_answer_and_do_not_take_its_place(town: Town) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-own: yes\r\n\r\ndone"
    async with saying(town, hints + final), town.ask() as answer:
        assert (answer.status, await answer.text(), answer.headers["x-own"]) == (200, "done", "yes")


@in_town
async def test_trailers_end_an_answer_and_do_not_spoil_it(town: Town) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n4\r\ndone\r\n0\r\nx-sum: 1\r\n\r\n"
    )
    async with saying(town, chunked, chunked):
        for _ in range(2):
            async with town.ask() as answer:
                assert (answer.status, await answer.text()) == (200, "done")


@in_town
async def test_a_body_in_answer_to_head_reaches_nobody(town: Town) -> None:
    wrong = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone"
    async with saying(town, *[wrong] * 5):
        async with town.ask(method="HEAD") as answer:
            assert (answer.status, await answer.read(), answer.headers["content-length"]) == (200, b"", "4")
        for _ in range(2):
            async with town.ask() as answer:
                assert (answer.status, await answer.text()) == (200, "done")


@in_town
async def test_trailers_of_a_request_do_not_spoil_it(town: Town) -> None:
    await town.machine("a", "iad")
    reader, writer = await asyncio.open_connection("127.0.0.1", town.proxy_port)
    head = b"POST / HTTP/1.1\r\nhost: shop.localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head + b"2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n" + b"GET / HTTP/1.1\r\nhost: shop.localhost\r\n\r\n")
    for _ in range(2):
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"HTTP/1.1 200 ")
        await asyncio.wait_for(reader.readexactly(len(b"a iad")), 5)
    writer.close()


def _taking_only(name: str, asked: list[tuple[str, str]]) -> App:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append((request.host, request.headers.get("Origin", "")))
        return web.Response(status=200 if request.host == name else 400)

    return handle


@in_town
async def test_an_app_that_takes_only_its_name_on_fly_gets_its_requests_under_that(town: Town) -> None:
    asked: list[tuple[str, str]] = []
    await town.machine("a", "iad", _taking_only("shop.fly.dev", asked))
    async with town.ask() as answer:
        assert answer.status == 200
    async with town.ask(method="POST", data="x", headers={"Origin": "http://shop.localhost"}) as answer:
        assert answer.status == 200
    assert asked == [("shop.localhost", ""), ("shop.fly.dev", ""), ("shop.fly.dev", "http://shop.fly.dev")]
    assert [line for line in town.lines if "shop.fly.dev" in line] == [
        "the app answers 400 to the name shop.localhost: it gets its requests under shop.fly.dev, as on Fly.io"
    ]


@in_town
async def test_an_app_that_refuses_both_names_is_asked_twice_only_once(town: Town) -> None:
    asked: list[tuple[str, str]] = []
    await town.machine("a", "iad", _taking_only("shop.example", asked))
    for _ in range(2):
        async with town.ask() as answer:
            assert answer.status == 400
    assert [host for host, _ in asked] == ["shop.localhost", "shop.fly.dev", "shop.localhost"]
    assert not [line for line in town.lines if "fly.dev" in line]


@in_town
async def test_a_request_with_a_body_is_never_asked_twice(town: Town) -> None:
    asked: list[tuple[str, str]] = []
    await town.machine("a", "iad", _taking_only("shop.fly.dev", asked))
    async with town.ask(method="POST", data="x") as answer:
        assert answer.status == 400
    assert len(asked) == 1
