"""The proxy on a clock that a test owns: the real one's choice of a machine, and machines that answer by script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import msgspec

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.errors import FAULT_HEADER, PlatformError
from flyctl_orchestrator.local.base.regions import NEAREST
from flyctl_orchestrator.local.core.fault import Place
from flyctl_orchestrator.local.faults.at_proxy import FaultyBackend
from flyctl_orchestrator.local.faults.capacity import lacking
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.proxy.backend import Target
from flyctl_orchestrator.local.proxy.errors import ERROR_HEADER, ProxyError
from flyctl_orchestrator.local.proxy.hosts import REGION_HEADER
from flyctl_orchestrator.local.proxy.latency import median_ms
from flyctl_orchestrator.local.proxy.limits import Limits
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints, wish_of_headers
from flyctl_orchestrator.local.proxy.routing import Fleet, Refuse, Use, Wait, Wake, choose
from flyctl_orchestrator.local.runtime.simulated import SimulatedRuntime

Answer = tuple[int, dict[str, str], bytes]


class SimulatedProxy:
    """Requests to apps, without sockets. Nothing runs at once here, so that no machine ever has any load.

    Args:
        clock: waiting moves it.
        limits: how long a request is held.
    """

    def __init__(
        self,
        backend: FaultyBackend,
        platform: Platform,
        runtime: SimulatedRuntime,
        clock: VirtualClock,
        random: Random,
        limits: Limits | None = None,
    ) -> None:
        self._backend = backend
        self._platform = platform
        self._runtime = runtime
        self._clock = clock
        self._random = random
        self._limits = limits or Limits()

    def visit(self, app: str, path: str, headers: Mapping[str, str], timeout: float | None) -> Answer:
        """One GET through the proxy, as a client in the region of the header Fly-Local-Region sees it.

        Args:
            headers: those by which a client chooses a region or a machine are understood, in any case of letters.
            timeout: seconds the client waits; None: for ever.

        Returns: status, headers (lower-case names) and body of the answer: region, machine and path as JSON, or text.

        Raises:
            TimeoutError: the answer takes longer; that much time has passed.
        """
        given = {name.lower(): value for name, value in headers.items()}
        asked = _Request(app, path, wish_of_headers(given), given.get(REGION_HEADER.lower()) or self._home(app))
        deadline = None if timeout is None else self._clock.now() + timeout
        try:
            if not self._backend.app_exists(app):
                raise ProxyError("PM06", f"there is no app {app!r}")
            return self._delivered(asked, deadline)
        except ProxyError as error:
            self._backend.log(app, None, asked.edge, f"{error} (GET {path})")
            return error.status, {ERROR_HEADER.lower(): error.code, "content-type": "text/plain"}, f"{error}\n".encode()

    def _home(self, app: str) -> str:
        return self._backend.primary_region(app) or next((one.region for one in self._backend.targets(app)), NEAREST)

    def _delivered(self, asked: _Request, deadline: float | None) -> Answer:
        forced = asked.constraints.instance is not None
        hold = self._limits.forced_hold_seconds if forced else self._limits.hold_seconds
        until = self._clock.now() + hold
        tried: set[str] = set()
        last: ProxyError | None = None
        while True:
            fleet = Fleet(self._backend.targets(asked.app), lambda machine_id: 0, tried=tried)
            decision = choose(fleet, asked.constraints, asked.edge, median_ms, self._random)
            if isinstance(decision, Refuse):
                raise last or ProxyError(decision.code, decision.message)
            if isinstance(decision, Wait):
                last = last or ProxyError(decision.code, decision.message)
            else:
                try:
                    return self._attempt(asked, decision, deadline)
                except ProxyError as error:
                    last = error
                    tried.add(decision.target.machine_id)
            if isinstance(decision, Wait) or forced:
                if self._clock.now() >= until:
                    raise last
                self._pass_until(self._next(until), deadline)
                tried.clear()

    def _next(self, until: float) -> float:
        """When something may have changed, no later than `until`."""
        due = self._clock.next_due()
        return until if due is None else min(max(due, self._clock.now() + self._limits.retry_seconds), until)

    def _pass_until(self, moment: float, deadline: float | None) -> None:
        if deadline is not None and moment > deadline:
            self._clock.advance(max(0.0, deadline - self._clock.now()))
            raise TimeoutError("the client waits no longer")
        self._clock.advance(max(0.0, moment - self._clock.now()))

    def _attempt(self, asked: _Request, decision: Use | Wake, deadline: float | None) -> Answer:
        target = decision.target
        if isinstance(decision, Wake):
            self._wake(target, deadline)
        between = self._backend.interference(asked.app, target, asked.path.partition("?")[0])
        said = self._runtime.answer(target.machine_id, asked.path)
        if said is None:
            raise ProxyError("PC01", f"machine {target.machine_id} ({target.region}) refused the connection")
        travel = median_ms(asked.edge, target.region) / 1000 if self._platform.settings.delays else 0.0
        status, seconds = said
        self._pass_until(self._clock.now() + seconds + travel + between.seconds, deadline)
        status = between.status or status
        self._backend.answered(asked.app, target.machine_id, status)
        headers = {"content-type": "application/json"} | ({FAULT_HEADER: between.fault} if between.status else {})
        shown = {"region": target.region, "machine": target.machine_id, "path": asked.path}
        return status, headers, msgspec.json.encode(shown)

    def _wake(self, target: Target, deadline: float | None) -> None:
        """Start or resume a machine and wait for it. Raises ProxyError PM02 when it does not come up."""
        machine = self._platform.kernel.machines[target.machine_id]
        faults = self._platform.faults
        if faults.out_of_reach(machine) is not None or lacking(faults, "machines.start", Place.of(machine), machine):
            raise ProxyError("PM02", f"machine {machine.id} could not be woken")
        try:
            self._platform.leases.check(machine, "")
            self._platform.lifecycle.start(machine, source="proxy")
        except PlatformError as problem:
            raise ProxyError("PM02", f"machine {machine.id} could not be woken: {problem.error}") from problem
        until = self._clock.now() + self._limits.wake_seconds
        ready: Callable[[], bool] = lambda: machine.state == "started" and self._platform.health.routable(machine)  # noqa: E731
        while not ready():
            if machine.state in ("failed", "stopped") or self._clock.now() >= until:
                raise ProxyError("PM02", f"machine {machine.id} could not be woken: it is {machine.state}")
            self._pass_until(self._next(until), deadline)


@dataclass(frozen=True)
class _Request:
    """One request: where to, what it asks for, and the region in which it came in."""

    app: str
    path: str
    constraints: RouteConstraints
    edge: str
