"""The local platform: one object that holds every service. APIs, proxy and daemon talk to nothing else.

    platform.apps       create, get, find, list, status; organization, organization_of
    platform.machines   create, update, get, find, list, cordon, set_metadata
    platform.lifecycle  start, stop, suspend, restart, destroy
    platform.leases     held, check, acquire, release
    platform.secrets    list, get, change, require_version
    platform.releases   create, update, get, list, current
    platform.addresses  allocate, release, list
    platform.volumes    create, get, list, update, extend, destroy, snapshot
    platform.tokens     create, list, revoke, authenticate
    platform.certificates  request, list, get, remove
    platform.faults     add, remove, clear, shown
    platform.traffic    count, series
    platform.listening  why_refused
    platform.images     resolve; platform.logs: write, read, follow; platform.feed: subscribe

Everything runs on one thread. After a change, `platform.flush()` puts it on disk (the APIs do that before they answer).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.ratelimit import RateLimiter
from flyctl_orchestrator.local.base.requests import Requests
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.core.addresses import Addresses
from flyctl_orchestrator.local.core.apps import Apps
from flyctl_orchestrator.local.core.certificates.records import Certificates
from flyctl_orchestrator.local.core.health import Health
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.launches import Launches
from flyctl_orchestrator.local.core.leases import Leases
from flyctl_orchestrator.local.core.lifecycle import Lifecycle
from flyctl_orchestrator.local.core.listening import Listening
from flyctl_orchestrator.local.core.logs import Logs
from flyctl_orchestrator.local.core.machines import Machines
from flyctl_orchestrator.local.core.model import App, Machine
from flyctl_orchestrator.local.core.releases import Releases
from flyctl_orchestrator.local.core.restore import Restore
from flyctl_orchestrator.local.core.seams import Commands, Images, Ports, Prober, Runtime
from flyctl_orchestrator.local.core.secrets import Secrets
from flyctl_orchestrator.local.core.store import MemoryStore, Store
from flyctl_orchestrator.local.core.tokens import Tokens
from flyctl_orchestrator.local.core.traffic import Traffic
from flyctl_orchestrator.local.core.volumes import Volumes
from flyctl_orchestrator.local.faults.at_boots import FaultyRuntime
from flyctl_orchestrator.local.faults.at_checks import FaultyProber
from flyctl_orchestrator.local.faults.at_hosts import Hosts

FLUSH_SECONDS = 0.1


class Platform:
    """A small Fly.io.

    Args:
        clock: all of its time.
        random: all of its chance.
        images: where `config.image` is looked up.
        runtime, prober, ports: how machines run, how their checks run, and where they listen.
        store: what survives a restart.
        logs: all apps' logs.
        settings: shared with the proxy.
        token: the daemon's own bearer token.
        volumes_root: directory of the volumes, None for none.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        random: Random,
        images: Images,
        runtime: Runtime,
        prober: Prober,
        ports: Ports,
        store: Store | None = None,
        logs: Logs | None = None,
        settings: Settings | None = None,
        token: str = "",
        volumes_root: Path | None = None,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.store = store or MemoryStore()
        self.logs = logs or Logs(clock, None)
        self.images = images
        self.kernel = Kernel(clock=clock, random=random, settings=self.settings, store=self.store, logs=self.logs)
        self.feed = self.kernel.feed
        self.faults = self.kernel.faults
        self.runtime = FaultyRuntime(runtime, self.kernel)
        self.prober = FaultyProber(prober, self.kernel)
        self.apps = Apps(self.kernel)
        self.secrets = Secrets(self.kernel, token.encode()[:64])
        self.releases = Releases(self.kernel)
        self.volumes = Volumes(self.kernel, volumes_root)
        self.addresses = Addresses(self.kernel)
        self.tokens = Tokens(self.kernel, token)
        self.certificates = Certificates(self.kernel)
        self.leases = Leases(self.kernel)
        self.listening = Listening(self.kernel, self.runtime)
        self.health = Health(self.kernel, self.prober, self.listening)
        self.launches = Launches(self.kernel, images, ports, self.secrets, self.volumes, self.addresses)
        self.lifecycle = Lifecycle(self.kernel, self.runtime, self.health, self.launches)
        self.machines = Machines(self.kernel, self.lifecycle, self.health, images, self.secrets, self.volumes)
        self.lifecycle.on_destroyed = self._buried
        self.hosts = Hosts(self.kernel, self.runtime, self.health, self.lifecycle)
        self.limiter = RateLimiter()
        self.requests = Requests()
        self.traffic = Traffic(clock)
        # Who runs commands inside machines, None where nobody can.
        self.commands: Commands | None = None
        self.on_app_destroyed: Callable[[str], None] = lambda name: None
        self._flushing: Timer | None = None
        self.feed.subscribe(self._flush_soon)

    def restore(self) -> None:
        """Take up what the store holds: machines that ran are booted again, frozen ones are stopped."""
        Restore(
            self.kernel, self.secrets, self.releases, self.volumes, self.addresses, self.tokens,
            self.certificates, self.health, self.lifecycle, self.machines,
        ).run()  # fmt: skip
        self.flush()

    def destroy_app(self, name: str) -> None:
        """Destroy an app with all its machines, volumes, secrets and releases. Raises PlatformError 404."""
        self.apps.remove(name, self._forget)

    def _forget(self, app: App) -> None:
        for machine in self.kernel.machines_of(app.name):
            self.lifecycle.destroy(machine, force=True)
        holding = (
            self.secrets,
            self.releases,
            self.volumes,
            self.addresses,
            self.certificates,
            self.tokens,
            self.traffic,
        )
        for service in holding:
            service.forget(app.name)
        self.on_app_destroyed(app.name)

    def _buried(self, machine: Machine) -> None:
        self.listening.forget(machine.id)
        self.machines.buried(machine)

    def reset(self) -> None:
        """Destroy every app and clear every fault."""
        self.faults.clear()
        for app in self.apps.list():
            self.destroy_app(app.name)
        self.flush()

    def flush(self) -> None:
        """Put every change on disk. Raises PlatformError 507 when that fails; nothing is lost from memory."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self.store.flush()

    def _flush_soon(self) -> None:
        if self._flushing is None and not isinstance(self.store, MemoryStore):
            self._flushing = self.clock.call_later(FLUSH_SECONDS, self._flush_quietly)

    def _flush_quietly(self) -> None:
        self._flushing = None
        try:
            self.store.flush()
        except PlatformError:
            self._flushing = self.clock.call_later(FLUSH_SECONDS * 20, self._flush_quietly)

    def shut_down(self, done: Callable[[], None]) -> None:
        """Stop every process, then call `done`. Records keep the states, so that a restart boots them again."""
        for machine in self.kernel.machines.values():
            # What its process does from here on is no event of the machine, and one that is yet to boot does not.
            machine.boot += 1
        running = [machine for machine in self.kernel.machines.values() if self.runtime.running(machine.id)]
        left = {machine.id for machine in running}
        if not running:
            done()

        def stopped(machine_id: str) -> None:
            left.discard(machine_id)
            if not left:
                done()

        for machine in running:
            self._stop_for_shutdown(machine, stopped)

    def _stop_for_shutdown(self, machine: Machine, stopped: Callable[[str], None]) -> None:
        try:
            self.health.pause(machine)
            self.runtime.stop(machine.id, "SIGTERM", 2.0, lambda: stopped(machine.id))
        except Exception:  # noqa: BLE001 - the others are still to be stopped
            traceback.print_exc()
            stopped(machine.id)
