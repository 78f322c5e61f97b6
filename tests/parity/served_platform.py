"""The platform's own APIs on a real socket and in real time, with machines that are only simulated.

flyctl cannot tell it from the daemon: the same listener, routes, records and rules answer. Nothing is started as a
process, so a fleet costs nothing and boots in no time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from flyctl_orchestrator.local.api.http import Front
from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.clock import LoopClock
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.base.watching import until
from flyctl_orchestrator.local.core.seams import ExitInfo, Launch, ProcessInfo
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import Behaviour, SimulatedImages, SimulatedRuntime

TOKEN = "fo1_local_parity"
QUICK = Behaviour(boot_seconds=0.02, healthy_seconds=0.0, stop_seconds=0.0)
_RELEASE_COMMAND_REF = "registry.fly.io/release-command:ran"
_READY_SECONDS = 10.0


class _Runtime(SimulatedRuntime):
    """Also knows that release and test commands end by themselves: with the status that their last word says."""

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        if launch.env.get("RELEASE_COMMAND") or launch.env.get("FLY_TEST_COMMAND"):
            status = int(launch.argv[-1]) if launch.argv[-1].isdigit() else 0
            ends = Behaviour(boot_seconds=0.05, exit_after_seconds=0.2, exit_code=status)
            launch = replace(launch, image=self._images.push(f"{_RELEASE_COMMAND_REF}-{status}", ends))
        on_log(f"started as {' '.join(launch.argv)}")
        super().start(launch, on_started, on_exit, on_failed, on_log)

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """One process, which listens on every port it was given."""
        process = self._processes.get(machine_id)
        if process is None:
            return None
        given = {port for name, port in process.launch.env.items() if name == "PORT" or name.startswith("PORT_")}
        sockets = tuple(("tcp", f"127.0.0.1:{port}") for port in sorted(given))
        return [ProcessInfo(1, 1.0, 0.1, process.launch.argv[0], "/", 1_000_000, sockets)]


@dataclass(frozen=True)
class Asked:
    """One request that came in: what was asked with which program, and how it was answered."""

    method: str
    path: str
    status: int
    agent: str
    body: Any = field(repr=False, default=None)


class _Listening(Router):
    """A router that remembers what it was asked."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform, all_routes())
        self.asked: list[Asked] = []

    def handle(self, request: Request) -> Response | Wait:
        answer = super().handle(request)
        status = answer.status if isinstance(answer, Response) else 200
        if isinstance(answer, Response) and isinstance(answer.body, dict) and answer.body.get("errors"):
            status = 400  # GraphQL says so in the body
        agent = request.headers.get("user-agent", "")
        self.asked.append(Asked(request.method, urlsplit(request.path).path, status, agent, request.body))
        return answer


class ServedPlatform:
    """A context in which the platform listens on `port` of 127.0.0.1.

    Attributes:
        platform, images: for a test to look at and to steer, through `inside`.
    """

    def __init__(self) -> None:
        self.images = SimulatedImages()
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> ServedPlatform:
        self._thread.start()
        if not self._ready.wait(_READY_SECONDS):
            raise TimeoutError("the platform did not come up")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_READY_SECONDS)

    @property
    def asked(self) -> list[Asked]:
        """Every API request so far."""
        return self._router.asked

    def inside(self, work: Callable[[Platform], Any]) -> Any:
        """Run `work` on the platform's own thread; its result."""

        async def run() -> Any:
            return work(self.platform)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_READY_SECONDS)

    def wait_until(self, condition: Callable[[Platform], bool], what: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until the platform's records fulfil `condition`; fail with `what` when they do not in time."""

        async def wait() -> bool:
            end = self._loop.time() + seconds
            return await until(self.platform.feed, lambda: condition(self.platform), end)

        reached = asyncio.run_coroutine_threadsafe(wait(), self._loop).result(seconds + _READY_SECONDS)
        assert reached, f"not within {seconds:g} s: {what}"

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
        self._router = _Listening(self.platform)
        front = Front(
            self.platform,
            self._router,
            streaming={},
            proxy=_no_proxy,
            is_app_host=lambda host: False,
            ready=lambda: {"ready": True},
        )
        runner = web.ServerRunner(web.Server(front), shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()


async def _no_proxy(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=421)
