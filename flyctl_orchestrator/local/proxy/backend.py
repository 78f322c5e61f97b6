"""What the proxy needs to know of the platform, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

MachineState = Literal["started", "stopped", "suspended", "starting", "stopping", "suspending", "other"]
SleepMode = Literal["off", "stop", "suspend"]


@dataclass(frozen=True)
class Service:
    """One public service of a machine, as its config says (`config.services` of the Machines API).

    Attributes:
        internal_port: the port the app believes it listens on.
        concurrency: what a unit of load is, "connections" or "requests".
        soft_limit, hard_limit: units of load; hard_limit None means no limit.
        autostart: whether a request may wake the machine.
        autostop: what idleness does to the machine.
        min_machines_running: kept awake, in the primary region only.
    """

    internal_port: int
    concurrency: Literal["connections", "requests"] = "connections"
    soft_limit: int = 20
    hard_limit: int | None = None
    autostart: bool = True
    autostop: SleepMode = "off"
    min_machines_running: int = 0


@dataclass(frozen=True)
class Target:
    """One machine as the proxy sees it, for one service.

    Attributes:
        machine_id: 14 hex characters.
        instance_id: the machine's version.
        region: three-letter code.
        state: transitional states the proxy does not care about are "other".
        routable: not cordoned, registered, and no failing service check.
        host, port: where the service listens now; port is 0 when the machine is not running.
        service: the service that answers this request.
        published: an engine forwards the port, and takes connections even when nobody listens behind it.
    """

    machine_id: str
    instance_id: str
    region: str
    state: MachineState
    routable: bool
    host: str
    port: int
    service: Service
    published: bool = False


@dataclass(frozen=True)
class Interference:
    """What comes between a request and the machine that was chosen for it.

    Attributes:
        seconds: how much longer the machine takes to answer.
        status: answered instead of asking the machine, 0 for nothing of that kind.
        fault: what is behind it, for the answer's header.
    """

    seconds: float = 0.0
    status: int = 0
    fault: str = ""


UNDISTURBED = Interference()


class WakeFailed(Exception):
    """A machine could not be woken; the message says why, in one line."""


class Backend(Protocol):
    """The platform, seen from its proxy. All methods are called on the event loop."""

    def app_exists(self, app: str) -> bool:
        """Whether the app is known."""
        ...

    def apps(self) -> list[str]:
        """Names of all apps, for the autostop pass."""
        ...

    def primary_region(self, app: str) -> str | None:
        """The app's primary region (PRIMARY_REGION of its newest machine's env), or None when unknown."""
        ...

    def targets(self, app: str) -> list[Target]:
        """Every machine of the app that has a public HTTP service, asleep or awake, cordoned or not."""
        ...

    async def wake(self, app: str, machine_id: str, timeout: float) -> Target:
        """Start or resume a machine and return it once it is listening (within `timeout` seconds).

        Raises:
            WakeFailed: it did not start, or is leased by somebody else.
        """
        ...

    async def sleep(self, app: str, machine_id: str, mode: SleepMode) -> bool:
        """Stop or suspend an idle machine; False when it could not be done now (leased, already going)."""
        ...

    def interference(self, app: str, target: Target, path: str) -> Interference:
        """What comes between a request for `path` (without its query) and a machine, asked once for each attempt."""
        ...

    def why_refused(self, app: str, target: Target) -> str:
        """Why a machine takes no connection, in one sentence; "" when nothing is known but that it does not."""
        ...

    def answered(self, app: str, machine_id: str, status: int) -> None:
        """A machine's answer goes to the client: it is counted."""
        ...

    def log(self, app: str, machine_id: str | None, region: str | None, message: str) -> None:
        """Write one line to the app's log as the proxy."""
        ...
