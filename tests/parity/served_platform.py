"""The platform's own APIs on a real socket and in real time, with machines that are only simulated.

flyctl cannot tell it from the daemon: the same routes, records and rules answer. Nothing is started as a process, so
a fleet costs nothing and boots in no time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.clock import LoopClock
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.base import ExitInfo, Launch
from flyctl_orchestrator.local.runtime.simulated import Behaviour, SimulatedImages, SimulatedRuntime
from flyctl_orchestrator.local.settings import Settings

TOKEN = "fo1_local_parity"
QUICK = Behaviour(boot_seconds=0.05, healthy_seconds=0.05, stop_seconds=0.02)
_RELEASE_COMMAND_REF = "registry.fly.io/release-command:ran"
_READY_SECONDS = 10.0


class _Runtime(SimulatedRuntime):
    """Also knows that a release command ends by itself: with the status that its last word says."""

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        if launch.env.get("RELEASE_COMMAND"):
            status = int(launch.argv[-1]) if launch.argv[-1].isdigit() else 0
            ref = f"{_RELEASE_COMMAND_REF}-{status}"
            ends = Behaviour(boot_seconds=0.05, exit_after_seconds=0.2, exit_code=status)
            launch = replace(launch, image=self._images.push(ref, ends))
        on_log(f"started as {' '.join(launch.argv)}")
        super().start(launch, on_started, on_exit, on_failed, on_log)


@dataclass
class Asked:
    """One request that came in: who asked what, and how it was answered."""

    method: str
    path: str
    status: int
    query: str
    body: Any = field(repr=False, default=None)


class ServedPlatform:
    """A context in which the platform listens on `port` of 127.0.0.1.

    Attributes:
        platform, images: for a test to look at and to steer, through `inside`.
        asked: every request so far.
    """

    def __init__(self) -> None:
        self.images = SimulatedImages()
        self.asked: list[Asked] = []
        self.port = 0
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> ServedPlatform:
        self._thread.start()
        if not self._ready.wait(_READY_SECONDS):
            raise TimeoutError("the platform did not come up")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_READY_SECONDS)

    def inside(self, work: Callable[[Platform], Any]) -> Any:
        """Run `work` on the platform's own thread; its result."""

        async def run() -> Any:
            return work(self.platform)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_READY_SECONDS)

    def push(self, app: str, label: str, behaviour: Behaviour = QUICK) -> str:
        """Make an image exist; its reference."""
        ref = f"registry.fly.io/{app}:{label}"
        self.images.push(ref, behaviour)
        return ref

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        clock = LoopClock(self._loop)
        runtime = _Runtime(clock, self.images)
        self.platform = Platform(
            clock=clock,
            random=Random(7),
            images=self.images,
            runtime=runtime,
            prober=runtime,
            ports=runtime,
            settings=Settings(rate_limits=False),
            token=TOKEN,
        )
        self._router = Router(self.platform, all_routes())
        server = web.AppRunner(web.Application(client_max_size=2**24), access_log=None)
        server.app.router.add_route("*", "/{path:.*}", self._answer)
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        self.port = server.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await server.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json() if await request.read() else None
        headers = {name.lower(): value for name, value in request.headers.items()}
        told = Request(request.method, request.path, {}, parse_qs(request.query_string), headers, body)
        if self.platform.tokens.authenticate(headers.get("authorization", "")) is None:
            response: Response | Wait = Response(401, {"error": "unauthorized"})
        else:
            response = self._router.handle(told)
        if isinstance(response, Wait):
            response = await self._wait(response)
        self.asked.append(Asked(request.method, request.path, response.status, request.query_string, body))
        if response.body is None:
            return web.Response(status=response.status, headers=response.headers)
        return web.json_response(response.body, status=response.status, headers=response.headers)

    async def _wait(self, wait: Wait) -> Response:
        changed = asyncio.Event()
        unsubscribe = self.platform.feed.subscribe(changed.set)
        try:
            async with asyncio.timeout(wait.seconds):
                while True:
                    changed.clear()
                    if (reached := wait.check()) is not None:
                        return reached
                    await changed.wait()
        except TimeoutError:
            return wait.on_timeout()
        finally:
            unsubscribe()
