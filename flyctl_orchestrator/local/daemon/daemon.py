"""The daemon: one process, one listener on loopback, everything else hung onto an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.metadata
import os
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web
from filelock import FileLock, Timeout

from flyctl_orchestrator.local.api.http import Front
from flyctl_orchestrator.local.api.management import apps_status
from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.streams import streaming_handlers
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.base.clock import LoopClock
from flyctl_orchestrator.local.base.environment import prepare_flyctl_settings
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.containers import left_behind
from flyctl_orchestrator.local.containers.builds import ContainerBuilds
from flyctl_orchestrator.local.containers.by_image import CommandsByRuntime, RuntimeByImage
from flyctl_orchestrator.local.containers.commands import ContainerCommands
from flyctl_orchestrator.local.containers.runtime import ContainerRuntime
from flyctl_orchestrator.local.core.logs import Logs
from flyctl_orchestrator.local.core.store import SqliteStore
from flyctl_orchestrator.local.daemon.all_images import AllImages, why_pushed_cannot_run
from flyctl_orchestrator.local.daemon.backend import PlatformBackend
from flyctl_orchestrator.local.daemon.flycast import Flycast
from flyctl_orchestrator.local.daemon.state_dir import (
    DAEMON_LOCK,
    Locator,
    erase_locator,
    read_locator,
    write_locator,
    write_private,
)
from flyctl_orchestrator.local.daemon.statics import Statics
from flyctl_orchestrator.local.faults.at_proxy import FaultyBackend
from flyctl_orchestrator.local.images.borrow import borrow_handler
from flyctl_orchestrator.local.images.build import build_handler
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings
from flyctl_orchestrator.local.page.page import Page
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.proxy.database_relay import DatabaseRelays
from flyctl_orchestrator.local.proxy.hosts import is_proxied
from flyctl_orchestrator.local.proxy.server import SERVER_OPTIONS, Proxy
from flyctl_orchestrator.local.registry.handler import RegistryHandler
from flyctl_orchestrator.local.registry.pushed import PushedImages
from flyctl_orchestrator.local.registry.store import RegistryStore
from flyctl_orchestrator.local.runtime import orphans
from flyctl_orchestrator.local.runtime.checks import NetworkProber
from flyctl_orchestrator.local.runtime.commands import ProcessCommands
from flyctl_orchestrator.local.runtime.ports import LoopbackPorts, shared_directory
from flyctl_orchestrator.local.runtime.process import ProcessRuntime

HOST = "127.0.0.1"
SWITCH_SECONDS = 0.0005
SHUTDOWN_SECONDS = 10.0
LOCK_LOOK_SECONDS = 0.2
# How apps run that do not say it, until `flyo local up --runtime` says otherwise.
RUNTIME_VARIABLE = "FLYO_LOCAL_RUNTIME"
# Old images of an app that stay for a rollback; those of its machines stay anyhow.
IMAGES_KEPT = 20


class CannotStart(Exception):
    """The daemon cannot start: `what` is wrong, and what to do `next`, one line each."""

    def __init__(self, what: str, next: str) -> None:
        super().__init__(what)
        self.what = what
        self.next = next


@dataclass(frozen=True)
class Options:
    """How to run: TCP port (0: any free one), directory, and the environment for machines and builds."""

    port: int
    state: Path
    environ: Mapping[str, str]


class Daemon:
    """One run of the platform."""

    def __init__(self, options: Options, loop: asyncio.AbstractEventLoop) -> None:
        self._options = options
        self._state = options.state
        self._ending = asyncio.Event()
        self._started_at = time.time()
        self._port = 0
        self._version = importlib.metadata.version("flyctl-orchestrator")
        clock = LoopClock(loop)
        builds = BuildSettings(options.environ, own=(options.state,))
        self._store = SqliteStore(self._state / "platform.db")
        settings = _settings(self._store, options.environ)
        self._images = ImageStore(self._state / "images")
        self._registry = RegistryStore(self._state / "registry")
        pushed = PushedImages(self._registry, lambda: f"{HOST}:{self._port}")
        self._logs = Logs(clock, self._state / "logs")
        self._token = _token(self._state)
        self._runtime = ProcessRuntime(
            loop, clock, self._state / "machines", builds.host_path, options.environ.get("LANG", "C.UTF-8")
        )
        self._containers = ContainerRuntime(loop, clock, self._state, options.environ)
        runtime = RuntimeByImage(self._runtime, self._containers)
        self._prober = NetworkProber(loop, runtime)
        chance = Random(secrets.randbits(128))
        self._ports = LoopbackPorts(chance.randrange(20_000, 32_000), shared_directory())
        self.platform = Platform(
            clock=clock,
            random=chance,
            images=AllImages(self._images, pushed),
            runtime=runtime,
            prober=self._prober,
            ports=self._ports,
            store=self._store,
            logs=self._logs,
            settings=settings,
            token=self._token,
            volumes_root=self._state / "volumes",
        )
        self.platform.kernel.name = str(self._state)
        self.platform.commands = CommandsByRuntime(
            ContainerCommands(loop, self._containers.container), ProcessCommands(loop, self._runtime.surroundings)
        )
        self._containers.registry_password = self._token
        self.platform.machines.why_cannot_run = lambda image: why_pushed_cannot_run(
            image, settings.runtime, options.environ
        )
        self.platform.on_app_destroyed = self._destroyed
        self._containers.connection.wanted = self._images.holds
        self.platform.volumes.on_erased = self._containers.erasing.volume
        self.platform.volumes.copy_in_engine = self._containers.volumes.copy
        containers = ContainerBuilds(self._images, builds, self._containers.connection, lambda: settings.runtime)
        backend = FaultyBackend(PlatformBackend(self.platform), self.platform.kernel)
        self._proxy = Proxy(backend, clock, settings, Random(chance.random()))
        statics = Statics(self.platform.kernel, self._state / "machines", self._containers.file)
        self._proxy.statics = statics.answer
        self._relays = DatabaseRelays(loop, clock, settings, Random(chance.random()))
        self.platform.launches.database_relay = self._relays.port
        self._containers.database_relay = self._relays.port_at
        self._flycast = Flycast(self._proxy.handle, lambda: self._port)
        self._containers.listen = self._flycast.listen
        self._page = Page(
            self.platform,
            self._proxy.sightings,
            in_flight=self._proxy.in_flight,
            port=lambda: self._port,
            version=self._version,
            state=self._state,
        )
        self._front = Front(
            self.platform,
            Router(self.platform, all_routes()),
            streaming=streaming_handlers(
                self.platform,
                status=self._status,
                tick=self._proxy.tick,
                shut_down=self._ending.set,
                build=build_handler(self._images, builds, self.platform.faults, containers),
                borrow=borrow_handler(self._images),
            )
            | self._page.management(),
            proxy=self._proxy.handle,
            is_app_host=is_proxied,
            ready=lambda: {"ready": True, "pid": os.getpid()},
            page=self._page,
            registry=RegistryHandler(
                self._registry, self._scope, lambda name: self.platform.apps.find(name) is not None
            ),
        )

    def _status(self) -> dict[str, Any]:
        return {
            "version": self._version,
            "pid": os.getpid(),
            "port": self._port,
            "started_at": self._started_at,
            "state": str(self._state),
            "apps": apps_status(self.platform, self._port),
            "delays": self.platform.settings.delays,
            "containers": self._containers.count,
            "tick_seconds": self.platform.settings.autostop_tick_seconds,
            "faults": self.platform.faults.shown(),
            "deploying": self._page.deploying,
        }

    def _scope(self, authorization: str) -> str | None:
        """What a token may push and pull: None nothing, "" everything, else the images of one app."""
        token = self.platform.tokens.authenticate(authorization)
        return None if token is None else token.app or ""

    def _destroyed(self, app: str) -> None:
        self._tidy(app, keep_latest=0)
        self._page.forget(app)

    def _tidy(self, app: str, keep_latest: int) -> None:
        """Delete an app's images that nothing needs any more; a failure costs disk space only."""
        machines = [machine for machine in self.platform.kernel.machines_of(app) if machine.alive]
        in_use = {machine.image_digest for machine in machines} if keep_latest else set()
        with contextlib.suppress(OSError):
            for digest in self._images.prune(app, in_use, keep_latest):
                self._containers.erasing.image(digest)
            for digest in self._registry.prune(app, in_use, keep_latest):
                forgotten = partial(self._forgotten, app, digest)
                self._containers.erasing.pulled(f"{HOST}:{self._port}/{app}@{digest}", forgotten)
        self._containers.tidy()

    def _forgotten(self, app: str, digest: str) -> bool:
        return self._registry.manifest(app, digest) is None

    async def run(self) -> None:
        """Listen until told to end (SIGTERM, SIGINT or the management API), then stop every machine."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        runner = web.ServerRunner(web.Server(self._front, **SERVER_OPTIONS), shutdown_timeout=2.0)
        await runner.setup()
        try:
            self._port = await _listen(runner, self._options.port)
            self.platform.launches.private_network = f"{HOST}:{self._port}"
            await self._proxy.start()
            self.platform.restore()
            self._announce()
            await self._ending.wait()
        finally:
            await self._end(runner)

    def _announce(self) -> None:
        locator = Locator(os.getpid(), self._port, self._token, self._version, self._started_at)
        write_locator(self._state, locator)

    async def _end(self, runner: web.ServerRunner) -> None:
        await self._page.end_deploys()
        erase_locator(self._state, os.getpid())
        for site in list(runner.sites):
            await site.stop()
        await self._page.close()
        stopped = asyncio.Event()
        self.platform.shut_down(stopped.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await stopped.wait()
        await self._flycast.close()
        await self._proxy.close()
        await self._relays.close()
        await runner.cleanup()
        self._prober.close()
        self._runtime.close()
        self._ports.close()
        self._logs.flush()
        for app in self.platform.apps.list():
            self._tidy(app.name, IMAGES_KEPT)
        await self._containers.close()
        with contextlib.suppress(PlatformError):
            self._store.close()


async def _listen(runner: web.ServerRunner, port: int) -> int:
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as problem:
        if problem.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        what = "taken by another program" if problem.errno == errno.EADDRINUSE else "not allowed for this user"
        raise CannotStart(
            f"port {port} on {HOST} is {what}", "Choose another one with --port, or --port 0"
        ) from problem
    bound: int = runner.addresses[0][1]
    return bound


def _token(state: Path) -> str:
    path = state / "token"
    with contextlib.suppress(OSError):
        kept = path.read_text().strip()
        if kept:
            return kept
    token = f"fo1_local_{secrets.token_hex(20)}"
    write_private(path, token)
    return token


def _settings(store: SqliteStore, environ: Mapping[str, str]) -> Settings:
    settings = Settings()
    if environ.get(RUNTIME_VARIABLE):
        settings.change({"runtime": environ[RUNTIME_VARIABLE]})
    for kept in store.load("settings"):
        with contextlib.suppress(PlatformError):
            settings.change(kept)
    return settings


def run(options: Options) -> None:
    """Run a daemon until it is told to end.

    Raises:
        CannotStart: with what is wrong and what to do next.
    """
    state = options.state
    # The loop answers everybody and shares the interpreter with threads that boot machines: it must not wait 5 ms for
    # its turn after every file it has read.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        state.chmod(0o700)
        prepare_flyctl_settings(state)
        with _only_daemon(state):
            for ended in orphans.reap(state / "machines"):
                os.write(2, f"ended process {ended}, left behind by a daemon that was killed\n".encode())
            for name in left_behind.reap(state):
                os.write(2, f"removed container {name}, left behind by a daemon that was killed\n".encode())
            asyncio.run(_run(options))
    except (OSError, sqlite3.Error, PlatformError) as problem:
        raise CannotStart(
            f"the local platform cannot use its directory {state}: {problem}",
            "Free some space, or choose another directory with FLYO_LOCAL_DIR",
        ) from problem


def _only_daemon(state: Path) -> contextlib.AbstractContextManager[object]:
    """The directory's lock. One that is just ending has no locator any more, and is waited for."""
    lock = FileLock(state / DAEMON_LOCK)
    for _ in range(int(SHUTDOWN_SECONDS * 1.5 / LOCK_LOOK_SECONDS)):
        with contextlib.suppress(Timeout):
            return lock.acquire(timeout=LOCK_LOOK_SECONDS)
        if read_locator(state) is not None:
            break
    raise CannotStart(f"a daemon already runs in {state}", "Use it, or stop it with `flyo local down`")


async def _run(options: Options) -> None:
    await Daemon(options, asyncio.get_running_loop()).run()
