"""Steady traffic to an app from chosen regions, through the proxy as any client's, for as long as a page is open."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from flyctl_orchestrator.local.base.errors import PlatformError, invalid
from flyctl_orchestrator.local.base.regions import REGIONS

MOST_PER_SECOND = 200.0
MOST_AT_ONCE = 100
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Wanted:
    """Traffic that was asked for: `per_second` requests in all, GET of `path`, the regions taking turns."""

    app: str
    regions: tuple[str, ...]
    per_second: float
    path: str

    def shown(self) -> dict[str, Any]:
        """As the page shows it."""
        return {"app": self.app, "regions": list(self.regions), "per_second": self.per_second, "path": self.path}


def read(body: Any, apps: list[str]) -> Wanted:
    """What a request for traffic asks for. Raises PlatformError 400 or 404."""
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    app, regions, rate, path = (body.get(name) for name in ("app", "regions", "per_second", "path"))
    if not isinstance(app, str) or app not in apps:
        raise PlatformError(404, f"Could not find App {app!r}")
    if (
        not isinstance(regions, list)
        or not regions
        or not all(isinstance(one, str) and one in REGIONS for one in regions)
    ):
        raise invalid("choose at least one region that there is")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.1 <= rate <= MOST_PER_SECOND:
        raise invalid(f"requests a second must be between 0.1 and {MOST_PER_SECOND:g}")
    if not isinstance(path, str) or not path.startswith("/") or not path.isprintable() or " " in path:
        raise invalid("the path must begin with / and have no spaces")
    return Wanted(app, tuple(dict.fromkeys(regions)), float(rate), path)


class SteadyTraffic:
    """One stream of requests, or none.

    Args:
        port: where the proxy listens.
    """

    def __init__(self, port: Callable[[], int]) -> None:
        self._port = port
        self._task: asyncio.Task[None] | None = None
        self.wanted: Wanted | None = None

    def start(self, wanted: Wanted) -> None:
        """Send this from now on, instead of what was sent before."""
        self.stop()
        self.wanted = wanted
        self._task = asyncio.get_running_loop().create_task(self._run(wanted))

    def stop(self) -> None:
        """Send no more."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.wanted = None

    async def _run(self, wanted: Wanted) -> None:
        loop = asyncio.get_running_loop()
        under_way: set[asyncio.Task[None]] = set()
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=MOST_AT_ONCE)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False) as session:
            try:
                due = loop.time()
                for region in itertools.cycle(wanted.regions):
                    if len(under_way) < MOST_AT_ONCE:
                        task = loop.create_task(self._ask(session, wanted, region))
                        under_way.add(task)
                        task.add_done_callback(under_way.discard)
                    due = max(due + 1 / wanted.per_second, loop.time() - 1.0)
                    await asyncio.sleep(max(0.0, due - loop.time()))
            finally:
                for task in tuple(under_way):
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)

    async def _ask(self, session: aiohttp.ClientSession, wanted: Wanted, region: str) -> None:
        port = self._port()
        headers = {"Host": f"{region}.{wanted.app}.localhost:{port}", "User-Agent": "flyo-local-page"}
        # Whatever the answer is, the proxy has counted it, and that is what is looked at.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.get(
                f"http://127.0.0.1:{port}{wanted.path}", headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
