"""The page over machines that are simulated: as many as one likes, in every region, in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from aiohttp import web

from flyctl_orchestrator.local.api.http import Front
from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.clock import LoopClock
from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.base.sightings import Sighting, Sightings
from flyctl_orchestrator.local.page.page import Page
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import Behaviour, SimulatedImages, SimulatedRuntime

TOKEN, APP, IMAGE = "fo1_local_simulated", "web", "registry.fly.io/web:1"
HEADERS = {"authorization": f"Bearer {TOKEN}"}
PER_REGION = 8
CHECK = {"type": "http", "path": "/up", "interval": "1s"}
CONFIG = {
    "image": IMAGE,
    "services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}], "checks": [CHECK]}],
}


class World:
    """A platform with `PER_REGION` machines in each region, about whose requests it tells at a steady rate.

    Args:
        per_second: requests.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, per_second: float) -> None:
        clock, images = LoopClock(loop), SimulatedImages()
        images.push(IMAGE, Behaviour(boot_seconds=0.0, healthy_seconds=0.0))
        runtime = SimulatedRuntime(clock, images)
        self._random, self._per_second, self._port = Random(4), per_second, 0
        self._sightings = Sightings()
        self.platform = Platform(
            clock=clock,
            random=Random(7),
            images=images,
            runtime=runtime,
            prober=runtime,
            ports=runtime,
            settings=Settings(rate_limits=False),
            token=TOKEN,
        )
        self._router = Router(self.platform, all_routes())
        self._page = Page(
            self.platform,
            self._sightings,
            in_flight=self._in_flight,
            port=lambda: self._port,
            version="simulated",
            # Nothing is deployed here, and so nothing is written.
            state=Path("simulated"),
        )

    def new_link(self) -> str:
        """An address that signs one browser in."""
        return self._page.link()

    def _in_flight(self, app: str, machine: str) -> int:
        return 0

    async def serve(self, ready: threading.Event, ended: asyncio.Event) -> None:
        """Listen until `ended`."""
        front = Front(
            self.platform,
            self._router,
            streaming=self._page.management(),
            proxy=_no_proxy,
            is_app_host=lambda host: False,
            ready=lambda: {"ready": True},
            page=self._page,
        )
        runner = web.ServerRunner(web.Server(front), shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        self._fill()
        talk = asyncio.get_running_loop().create_task(self._talk())
        ready.set()
        await ended.wait()
        talk.cancel()
        with suppress(asyncio.CancelledError):
            await talk
        await self._page.close()
        await runner.cleanup()

    def _fill(self) -> None:
        self._ask("POST", "/v1/apps", {"name": APP, "org_slug": "personal"})
        for region in REGIONS:
            for number in range(PER_REGION):
                release = "12" if number < PER_REGION - 2 else "11"
                marks = {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": release}
                self._ask(
                    "POST", f"/v1/apps/{APP}/machines", {"region": region, "config": {**CONFIG, "metadata": marks}}
                )

    def _ask(self, method: str, path: str, body: object) -> None:
        answer = self._router.handle(Request(method, path, headers=HEADERS, body=body))
        while isinstance(answer, Wait):
            answer = answer.check() or answer.on_timeout()
        assert isinstance(answer, Response) and answer.status < 300, answer

    async def _talk(self) -> None:
        """Tell of requests as the proxy would."""
        machines = [(one.region, one.id) for one in self.platform.kernel.machines.values()]
        regions = list(REGIONS)
        while self._per_second:
            await asyncio.sleep(1 / self._per_second)
            if self._sightings:
                status = self._random.choices((200, 404, 500), (95, 4, 1))[0]
                hop = self._random.choice(machines)
                seconds = self._random.uniform(0.02, 0.3)
                self._sightings.tell(Sighting(APP, self._random.choice(regions), "GET", (hop,), status, seconds))


async def _no_proxy(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)


@contextmanager
def simulated_world(per_second: float = 0.0) -> Iterator[World]:
    """The world for as long as the block lasts."""
    ready, made = threading.Event(), []

    async def run() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        world = World(loop, per_second)
        made.append((world, loop, ended))
        await world.serve(ready, ended)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(30), "the simulated world does not come up"
    world, loop, ended = made[0]
    try:
        yield world
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
