"""Getting one request to one machine: choose, wake, wait, try, and try the next.

A machine that refuses the connection has not seen the request, so any request may go to another one. A machine that
took the connection and dropped it may have acted on the request: only a harmless one is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from random import Random

from aiohttp import ClientResponse

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.proxy.backend import Backend, Target, WakeFailed
from flyctl_orchestrator.local.proxy.errors import ProxyError
from flyctl_orchestrator.local.proxy.forward import Dropped, Forwarder, Message, NotConnected, TookTooLong, Unreadable
from flyctl_orchestrator.local.proxy.latency import median_ms, sample_ms
from flyctl_orchestrator.local.proxy.limits import Limits, ProxySettings
from flyctl_orchestrator.local.proxy.load import LoadBook
from flyctl_orchestrator.local.proxy.replay import Reason
from flyctl_orchestrator.local.proxy.route_attempt import RouteAttempt, Undelivered
from flyctl_orchestrator.local.proxy.route_constraints import INSTANCE_UNAVAILABLE
from flyctl_orchestrator.local.proxy.routing import Decision, Fleet, Refuse, Use, Wait, Wake, choose, is_full
from flyctl_orchestrator.local.proxy.waiting import Queue, Wakes, pause

_SAFE_TO_REPEAT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))  # RFC 9110, 9.2.2
_FULL_LOOK_SECONDS = 0.5  # while queueing: how often to look whether another machine has come up


class AnsweredInstead(Exception):
    """The request ends here, with an answer that is as good as the machine's own."""

    def __init__(self, status: int, fault: str, target: Target) -> None:
        super().__init__(f"{status} ({fault})")
        self.status = status
        self.fault = fault
        self.target = target


@dataclass
class Delivery:
    """A request that reached a machine, and the head of its answer. `one_way` is the network's delay, seconds."""

    target: Target
    upstream: ClientResponse
    one_way: float
    _dispatcher: Dispatcher
    _app: str
    _open: bool = True

    def close(self) -> None:
        """The answer has been used (or is not wanted): give the connection and the machine's load back."""
        if self._open:
            self._open = False
            self.upstream.release()
            self._dispatcher.leave(self._app, self.target.machine_id)


@dataclass
class _Trip:
    """What has happened so far while trying to deliver one errand. Times are the event loop's."""

    began: float
    deadline: float | None
    tried: set[str] = field(default_factory=set)
    attempts: int = 0
    resends: int = 0
    troubled_at: float | None = None
    last: ProxyError | None = None

    @property
    def reason(self) -> Reason:
        """Why it is given up, but for a lack of time."""
        return "retries_exhausted" if self.attempts else "no_candidate"


class Dispatcher:
    """Delivers requests; one per proxy, shared by all of them."""

    def __init__(
        self,
        backend: Backend,
        forwarder: Forwarder,
        loads: LoadBook,
        draining: Collection[tuple[str, str]],
        *,
        limits: Limits,
        settings: ProxySettings,
        clock: Clock,
        random: Random,
    ) -> None:
        self.backend = backend
        self.loads = loads
        self.limits = limits
        self.clock = clock
        self._told_of_names: set[str] = set()
        self._forwarder = forwarder
        self._draining = draining
        self._settings = settings
        self._random = random
        self._queue = Queue()
        self._wakes = Wakes(backend, loads.events, limits.wake_seconds, again_seconds=max(0.5, limits.retry_seconds))

    def close(self) -> None:
        """Let go of machines being woken."""
        self._wakes.close()

    def leave(self, app: str, machine_id: str) -> None:
        """A request on a machine is over; somebody may be waiting for its place."""
        self.loads.leave(app, machine_id)
        self._queue.room(app)

    async def deliver(self, attempt: RouteAttempt, message: Message, edge: str) -> Delivery:
        """Bring a request to a machine and return the head of its answer.

        Args:
            edge: the region in which the client came in.

        Raises:
            Undelivered: no machine got it.
            ProxyError: a machine got it and gave no usable answer.
            AnsweredInstead: the platform answers for the machine.
            BodyBroken: the client did not finish its request.
        """
        now = asyncio.get_running_loop().time()
        timeout = attempt.replay.timeout if attempt.replay and not attempt.final else None
        trip = _Trip(now, now + timeout if timeout is not None else None)
        while True:
            decision = self._decide(attempt, edge, trip)
            if isinstance(decision, Refuse):
                raise Undelivered(trip.reason, trip.last or ProxyError(decision.code, decision.message))
            if isinstance(decision, Wait):
                await self._wait(attempt, trip, decision)
                continue
            target = await self._awake(attempt, trip, decision)
            if target is not None:
                delivery = await self._attempt(attempt, trip, message, edge, target, decision.unavailable)
                if delivery is not None:
                    return delivery
            if attempt.constraints.instance is not None:  # there is no other machine to go on to
                await self._wait(attempt, trip, Wait("unhealthy", "PR03", "the machine could not be reached"))

    def _decide(self, attempt: RouteAttempt, edge: str, trip: _Trip) -> Decision:
        app = attempt.app
        fleet = Fleet(
            targets=self.backend.targets(app) if self.backend.app_exists(app) else (),  # it may be destroyed meanwhile
            load=lambda machine_id: self.loads.of(app, machine_id),
            waking=self._wakes.of(app),
            draining={machine_id for owner, machine_id in self._draining if owner == app} if self._draining else (),
            tried=trip.tried,
        )
        return choose(fleet, attempt.constraints, edge, median_ms, self._random)

    async def _wait(self, attempt: RouteAttempt, trip: _Trip, wait: Wait) -> None:
        now = asyncio.get_running_loop().time()
        if trip.troubled_at is None:
            trip.troubled_at = now
        if wait.why == "full":
            until, look = trip.began + self.limits.queue_seconds, _FULL_LOOK_SECONDS
        else:
            hold = self.limits.forced_hold_seconds if attempt.constraints.instance else self.limits.hold_seconds
            until, look = trip.troubled_at + hold, self.limits.retry_seconds
        if trip.deadline is not None:
            until = min(until, trip.deadline)
        if now >= until:
            raise self._given_up(trip, now, ProxyError(wait.code, wait.message))
        await self._queue.wait(attempt.app, min(look, until - now))
        trip.tried.clear()

    def _given_up(self, trip: _Trip, now: float, error: ProxyError) -> Undelivered:
        if trip.deadline is not None and now >= trip.deadline:
            return Undelivered("timeout", trip.last or ProxyError("PC05", "the replay did not reach a machine in time"))
        return Undelivered(trip.reason, trip.last or error)

    async def _awake(self, attempt: RouteAttempt, trip: _Trip, decision: Use | Wake) -> Target | None:
        """The target, awake; None when waking failed or others filled it first."""
        app, target = attempt.app, decision.target
        if isinstance(decision, Use):
            if decision.also_wake is not None:
                self._wakes.begin(app, decision.also_wake.machine_id)
            return target
        now = asyncio.get_running_loop().time()
        seconds = self.limits.wake_seconds if trip.deadline is None else max(0.0, trip.deadline - now)
        try:
            target = await self._wakes.wake(app, target.machine_id, seconds)
        except TimeoutError as error:
            failed = ProxyError("PM02", f"machine {target.machine_id} did not wake in time")
            raise Undelivered("timeout", failed) from error
        except WakeFailed as error:
            trip.last = ProxyError("PM02", f"machine {target.machine_id} could not be woken: {error}")
            trip.tried.add(target.machine_id)
            return None
        fleet = Fleet((), lambda machine_id: self.loads.of(app, machine_id))
        return None if is_full(fleet, target) else target

    async def _attempt(
        self, attempt: RouteAttempt, trip: _Trip, message: Message, edge: str, target: Target, unavailable: str | None
    ) -> Delivery | None:
        """Try one machine; None when another one may be tried."""
        app, machine_id = attempt.app, target.machine_id
        trip.attempts += 1
        self.loads.enter(app, machine_id)
        try:
            one_way = self._one_way_seconds(edge, target.region)
            if one_way:
                await pause(self.clock, one_way)
            await self._interfere(app, target, message.path)
            outgoing = _with_extra(message, attempt, unavailable)
            upstream = await self._forwarder.send(target, outgoing, self._connect_seconds(trip))
        except (NotConnected, Dropped, TookTooLong, Unreadable) as failure:
            self.leave(app, machine_id)
            self._note(failure, app, target, trip, message)
            return None
        except BaseException:
            self.leave(app, machine_id)
            raise
        if machine_id in self._forwarder.by_fly_name and machine_id not in self._told_of_names:
            self._told_of_names.add(machine_id)
            name = f"{app}.fly.dev"
            said = f"the app answers 400 to the name {app}.localhost: it gets its requests under {name}, as on Fly.io"
            self.backend.log(app, machine_id, target.region, said)
        return Delivery(target, upstream, one_way, self, app)

    async def _interfere(self, app: str, target: Target, path: str) -> None:
        between = self.backend.interference(app, target, path.partition("?")[0])
        if between.seconds:
            await pause(self.clock, between.seconds)
        if between.status:
            self.backend.answered(app, target.machine_id, between.status)
            raise AnsweredInstead(between.status, between.fault, target)

    def _note(self, failure: Exception, app: str, target: Target, trip: _Trip, message: Message) -> None:
        """Remember why a machine did not answer. Returns when another may be tried, raises when not."""
        if message.body.broken:
            raise ConnectionResetError("the client did not finish its request") from failure
        who = f"machine {target.machine_id} ({target.region})"
        if isinstance(failure, NotConnected):
            why = self.backend.why_refused(app, target)
            refused = f" refused the connection to port {target.service.internal_port}"
            trip.last = ProxyError("PC01", f"{who}: {why}" if why else f"{who}{refused}")
        elif isinstance(failure, TookTooLong):
            raise ProxyError("PC05", f"{who} gave {failure}") from failure
        elif isinstance(failure, Unreadable):
            raise ProxyError("PC06", f"{who} gave an answer that is not HTTP ({failure})") from failure
        else:
            trip.last = ProxyError("PC03", f"{who} closed the connection without an answer")
            trip.resends += 1
            harmless = message.method in _SAFE_TO_REPEAT and message.body.resendable
            if not harmless or trip.resends > self.limits.resends:
                raise trip.last from failure
        if trip.attempts > self.limits.retries:
            raise Undelivered("retries_exhausted", trip.last) from failure
        self.loads.events["retries"] += 1
        self.backend.log(app, target.machine_id, target.region, f"{trip.last}; trying again")
        trip.tried.add(target.machine_id)

    def _connect_seconds(self, trip: _Trip) -> float:
        if trip.deadline is None:
            return self.limits.connect_seconds
        return max(0.01, min(self.limits.connect_seconds, trip.deadline - asyncio.get_running_loop().time()))

    def _one_way_seconds(self, edge: str, region: str) -> float:
        return sample_ms(edge, region, self._random) / 2000 if self._settings.delays else 0.0


def _with_extra(message: Message, attempt: RouteAttempt, unavailable: str | None) -> Message:
    extra = attempt.extra if unavailable is None else (*attempt.extra, (INSTANCE_UNAVAILABLE, unavailable))
    if not extra:
        return message
    headers = message.headers.copy()
    for name, value in extra:
        headers[name] = value
    return replace(message, headers=headers)
