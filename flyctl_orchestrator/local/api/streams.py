"""Operations that need the HTTP server or the daemon itself: status, tick, shutdown, builds, logs that follow."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from flyctl_orchestrator.local.api.http import AioHandler
from flyctl_orchestrator.local.core import logs as log_lines
from flyctl_orchestrator.local.core.model import LogLine
from flyctl_orchestrator.local.platform import Platform

DEFAULT_LINES = 100
LINES_WAITING = 10_000
_LIMIT = re.compile(r"[0-9]{1,9}")


def streaming_handlers(
    platform: Platform,
    *,
    status: Callable[[], dict[str, Any]],
    tick: Callable[[], Awaitable[list[Any]]],
    shut_down: Callable[[], None],
    build: AioHandler,
    borrow: AioHandler,
) -> dict[tuple[str, str], AioHandler]:
    """The operations that need aiohttp or the daemon itself, by (method, path).

    Args:
        status: what the daemon says of itself and its apps.
        tick: one autostop pass of the proxy; gives what was put to sleep.
        shut_down: ends the daemon soon after the answer.
        build: builds images.
        borrow: takes images over from another platform on this computer.
    """

    async def on_status(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(status())

    async def on_tick(request: web.BaseRequest) -> web.StreamResponse:
        slept = await tick()
        platform.flush()
        return web.json_response(
            {"slept": [{"machine": one.machine_id, "region": one.region, "mode": one.mode} for one in slept]}
        )

    async def on_shut_down(request: web.BaseRequest) -> web.StreamResponse:
        shut_down()
        return web.json_response({"ok": True})

    async def on_logs(request: web.BaseRequest) -> web.StreamResponse:
        return await stream_logs(platform, request)

    return {
        ("GET", "/_local/status"): on_status,
        ("POST", "/_local/tick"): on_tick,
        ("POST", "/_local/shutdown"): on_shut_down,
        ("GET", "/_local/logs"): on_logs,
        ("POST", "/_local/builds"): build,
        ("POST", "/_local/images"): borrow,
    }


async def stream_logs(platform: Platform, request: web.BaseRequest) -> web.StreamResponse:
    """Kept lines, then new ones as they come when `follow=1`; one JSON object per line."""
    query = request.query
    app, machine, region = (query.get(name) or None for name in ("app", "machine", "region"))
    said = query.get("limit") or str(DEFAULT_LINES)
    if not _LIMIT.fullmatch(said):
        return web.json_response({"error": "limit must be a number of at most nine digits"}, status=400)
    if app is not None and app not in platform.kernel.apps:
        return web.json_response({"error": f"Could not find App {app!r}"}, status=404)
    queue: asyncio.Queue[LogLine] = asyncio.Queue(LINES_WAITING)

    def heard(line: LogLine) -> None:
        wanted = (app is None or line.app == app) and log_lines.matches(line, machine=machine, region=region)
        if wanted and not queue.full():
            queue.put_nowait(line)

    unfollow = platform.logs.follow(heard)
    try:
        kept = platform.logs.read(app=app, machine=machine, region=region, limit=int(said))
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write("".join(map(_encoded, kept)).encode())
        while query.get("follow") in ("1", "true"):
            await response.write(_encoded(await queue.get()).encode())
    finally:
        unfollow()
    await response.write_eof()
    return response


def _encoded(line: LogLine) -> str:
    return json.dumps(log_lines.as_dict(line), ensure_ascii=False) + "\n"
