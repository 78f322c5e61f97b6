"""The platform as its proxy sees it: who could answer, and how to wake and put to sleep."""

from __future__ import annotations

import asyncio
from typing import Any

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.base.watching import until
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import CheckAnswer
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.proxy.backend import (
    UNDISTURBED,
    Interference,
    MachineState,
    Service,
    SleepMode,
    Target,
    WakeFailed,
)

LOOK_SECONDS = 0.02
SERVICES_KEPT = 5_000
_ON_THE_WAY = frozenset({"created", "starting", "restarting", "replacing", "stopping", "suspending"})
_STATES: dict[str, MachineState] = {
    "started": "started",
    "stopped": "stopped",
    "suspended": "suspended",
    "starting": "starting",
    "stopping": "stopping",
    "suspending": "suspending",
}
_HTTP_PORTS = frozenset({80, 443})


class PlatformBackend:
    """Implements the proxy's `Backend` on a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._services: dict[str, tuple[str, Service | None]] = {}

    def app_exists(self, app: str) -> bool:
        """Whether the app is known."""
        return app in self._platform.kernel.apps

    def apps(self) -> list[str]:
        """Names of all apps."""
        return list(self._platform.kernel.apps)

    def primary_region(self, app: str) -> str | None:
        """PRIMARY_REGION of the app's newest machine that has one."""
        for machine in reversed(self._platform.kernel.machines_of(app)):
            env = machine.config.get("env") if machine.alive else None
            region = env.get("PRIMARY_REGION") if isinstance(env, dict) else None
            if region:
                return str(region)
        return None

    def targets(self, app: str) -> list[Target]:
        """Every living machine of the app with a public HTTP service."""
        found = []
        for machine in self._platform.kernel.machines_of(app):
            target = self._target_or_none(machine) if machine.alive else None
            if target is not None:
                found.append(target)
        return found

    def _target_or_none(self, machine: Machine) -> Target | None:
        """The machine as the proxy sees it; None when it has no HTTP service, or a record that cannot be read."""
        try:
            service = self._service(machine)
            return None if service is None else self._target(machine, service)
        except Exception as problem:  # noqa: BLE001 - one machine must not take all others of its app down
            # Remembered, so that it is said once per version.
            self._services[machine.id] = (machine.instance_id, None)
            why = f"the proxy leaves this machine out: {type(problem).__name__}: {problem}"
            self.log(machine.app, machine.id, machine.region, why)
            return None

    def _service(self, machine: Machine) -> Service | None:
        if len(self._services) > SERVICES_KEPT:
            self._services.clear()
        known = self._services.get(machine.id)
        if known is None or known[0] != machine.instance_id:
            known = self._services[machine.id] = (machine.instance_id, http_service(machine.config))
        return known[1]

    def _target(self, machine: Machine, service: Service) -> Target:
        return Target(
            machine_id=machine.id,
            instance_id=machine.instance_id,
            region=machine.region,
            state=_STATES.get(machine.state, "other"),
            routable=not machine.cordoned and self._platform.health.routable(machine),
            host="127.0.0.1",
            port=machine.ports.get(service.internal_port, 0),
            service=service,
            published=machine.contained,
        )

    async def wake(self, app: str, machine_id: str, timeout: float) -> Target:
        """Start or resume a machine and return once it listens and its service checks pass.

        Raises:
            WakeFailed: it did not within `timeout` seconds, cannot start, or is leased by somebody else.
        """
        machine = self._machine(app, machine_id)
        self._start(machine)
        try:
            async with asyncio.timeout(timeout):
                return await self._awake(machine)
        except TimeoutError:
            raise WakeFailed(f"machine {machine_id} is {machine.state}, not ready after {timeout:g} s") from None

    def _machine(self, app: str, machine_id: str) -> Machine:
        try:
            return self._platform.machines.get(app, machine_id)
        except PlatformError as problem:
            raise WakeFailed(problem.error) from problem

    def _start(self, machine: Machine) -> None:
        if machine.state in ("started", "starting", "restarting", "replacing"):
            return
        try:
            self._platform.leases.check(machine, "")
            if machine.state != "stopping":
                self._platform.lifecycle.start(machine, source="proxy")
        except PlatformError as problem:
            raise WakeFailed(f"machines API returned an error: {problem.error!r}") from problem

    async def _awake(self, machine: Machine) -> Target:
        while True:
            await until(self._platform.feed, lambda: machine.state not in _ON_THE_WAY)
            if machine.state in ("stopped", "suspended"):
                self._start(machine)
            elif machine.state != "started":
                raise WakeFailed(f"machine {machine.id} is {machine.state}")
            elif await self._ready(machine):
                service = self._service(machine)
                if service is None:
                    raise WakeFailed(f"machine {machine.id} has no HTTP service any more")
                return self._target(machine, service)

    async def _ready(self, machine: Machine) -> bool:
        """Wait until a started machine takes requests; False when it is not started any more."""
        health = self._platform.health
        await until(self._platform.feed, lambda: machine.state != "started" or health.routable(machine))
        service = self._service(machine)
        checked = any(check.of_service for check in machine_config.checks(machine.config))
        while machine.state == "started" and service is not None and not checked:
            if await self._listens(machine, service.internal_port):
                break
            await asyncio.sleep(LOOK_SECONDS)
        return machine.state == "started"

    async def _listens(self, machine: Machine, internal_port: int) -> bool:
        """Whether a machine without checks of its service accepts connections."""
        answer: asyncio.Future[CheckAnswer] = asyncio.get_running_loop().create_future()

        def done(said: CheckAnswer) -> None:
            if not answer.done():
                answer.set_result(said)

        check = CheckSpec("listens", "tcp", internal_port, 1.0, 1.0, 0.0, of_service=False)
        self._platform.prober.probe(machine.id, check, machine.ports.get(internal_port, 0), done)
        return (await answer).passed

    async def sleep(self, app: str, machine_id: str, mode: SleepMode) -> bool:
        """Stop or suspend an idle machine and wait for it; one that cannot be suspended is stopped, as on Fly.io."""
        try:
            machine = self._platform.machines.alive(app, machine_id)
            self._platform.leases.check(machine, "")
            if machine.state != "started" or mode == "off":
                return False
            if mode == "suspend" and machine_config.suspend_obstacle(machine.config) is None:
                self._platform.lifecycle.suspend(machine, source="proxy")
            else:
                self._platform.lifecycle.stop(machine, machine_config.stop(machine.config), source="proxy")
        except PlatformError:
            return False
        await until(self._platform.feed, lambda: machine.state not in ("stopping", "suspending"))
        return machine.state in ("stopped", "suspended")

    def interference(self, app: str, target: Target, path: str) -> Interference:
        """Nothing comes between."""
        return UNDISTURBED

    def why_refused(self, app: str, target: Target) -> str:
        """Where the app listens instead."""
        machine = self._platform.machines.find(target.machine_id)
        return "" if machine is None else self._platform.listening.why_refused(machine, target.service.internal_port)

    def answered(self, app: str, machine_id: str, status: int) -> None:
        """Count an answer."""
        machine = self._platform.machines.find(machine_id)
        if machine is not None:
            self._platform.traffic.count(machine, status)

    def log(self, app: str, machine_id: str | None, region: str | None, message: str) -> None:
        """Write one line to the app's log as the proxy; apps that do not exist have none."""
        if self.app_exists(app):
            self._platform.logs.write(app, message, machine=machine_id, region=region, source="proxy")


def http_service(config: dict[str, Any]) -> Service | None:
    """The service that answers HTTP: the first on port 80 or 443, else the first with an http handler, else none."""
    services = list(machine_config.services(config))
    public = [one for one in services if _ports(one) & _HTTP_PORTS] or [one for one in services if _has_handler(one)]
    return _service_of(public[0]) if public else None


def _ports(service: dict[str, Any]) -> set[int]:
    found: set[int] = set()
    for port in service.get("ports") or []:
        if isinstance(port.get("port"), int):
            found.add(port["port"])
        elif port.get("start_port") is not None or port.get("end_port") is not None:
            first, last = port.get("start_port") or 0, port.get("end_port") or 65_535
            found |= {one for one in _HTTP_PORTS if first <= one <= last}
    return found


def _has_handler(service: dict[str, Any]) -> bool:
    return any("http" in (port.get("handlers") or []) for port in service.get("ports") or [])


def _service_of(said: dict[str, Any]) -> Service:
    concurrency = said.get("concurrency") or {}
    return Service(
        internal_port=said["internal_port"],
        concurrency="requests" if concurrency.get("type") == "requests" else "connections",
        soft_limit=concurrency.get("soft_limit") or 20,
        hard_limit=concurrency.get("hard_limit") or None,
        autostart=bool(said.get("autostart", False)),
        autostop=_autostop(said.get("autostop")),
        min_machines_running=said.get("min_machines_running") or 0,
    )


def _autostop(said: Any) -> SleepMode:
    """`autostop` is spelt as a boolean or a word."""
    if said is True or said in ("stop", "true"):
        return "stop"
    return "suspend" if said == "suspend" else "off"
