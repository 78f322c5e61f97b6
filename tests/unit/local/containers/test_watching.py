"""Containers' ends and output, from an engine that hangs up in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.containers.engine import Engine, EngineError
from flyctl_orchestrator.local.containers.watching import Deaths, read_output


class FakeEngine:
    """Tells of one death per connection and hangs up; knows which containers run."""

    def __init__(self, *deaths: str, running: tuple[str, ...] = ()) -> None:
        self._deaths = list(deaths)
        self._running = running
        self._over = asyncio.Event()

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if self._deaths:
            await response.write(json.dumps({"Action": "die", "Actor": {"ID": self._deaths.pop(0)}}).encode() + b"\n")
        else:
            await self._over.wait()
        return response

    async def container(self, request: web.Request) -> web.Response:
        return web.json_response({"State": {"Running": request.match_info["id"] in self._running}})

    async def logs(self, request: web.Request) -> web.Response:
        frames = [(1, b"out 1\nout "), (2, b"err\n"), (1, b"2\nlast")]
        return web.Response(
            body=b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in frames)
        )

    def release(self) -> None:
        """Let the last connection end."""
        self._over.set()


@asynccontextmanager
async def engine_of(fake: FakeEngine, tmp_path: Path) -> AsyncIterator[Engine]:
    """A client of it."""
    app = web.Application()
    app.router.add_get("/events", fake.events)
    app.router.add_get("/containers/{id}/json", fake.container)
    app.router.add_get("/containers/{id}/logs", fake.logs)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "e.sock")).start()
    engine = Engine(Endpoint(f"unix://{tmp_path / 'e.sock'}", "test"))
    try:
        yield engine
    finally:
        fake.release()
        await engine.close()
        await runner.cleanup()


def test_what_ended_while_nobody_watched_is_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        fake = FakeEngine("a", "b", running=("lives",))
        heard: list[str] = []
        seen = asyncio.Event()

        def died(container_id: str) -> None:
            heard.append(container_id)
            if {"a", "b", "unseen"} <= set(heard):
                seen.set()

        async with engine_of(fake, tmp_path) as engine:
            deaths = Deaths(engine, "label", died, lambda: ["unseen", "lives"])
            await deaths.begin()
            async with asyncio.timeout(30):
                await seen.wait()
            await deaths.end()
        assert "lives" not in heard

    asyncio.run(scenario())


def test_output_is_put_together_line_by_line(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        lines: list[str] = []
        async with engine_of(FakeEngine(), tmp_path) as engine:
            await read_output(engine, "a", lines.append)
        return lines

    assert asyncio.run(scenario()) == ["out 1", "err", "out 2", "last"]


def test_an_engine_that_refuses_says_why(tmp_path: Path) -> None:
    async def scenario() -> EngineError:
        async with engine_of(FakeEngine(), tmp_path) as engine:
            try:
                await engine.call("GET", "/nowhere")
            except EngineError as problem:
                await engine.gone("/nowhere")
                return problem
        raise AssertionError("nobody refused")

    assert asyncio.run(scenario()).status == 404
