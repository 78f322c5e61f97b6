"""Faults of the Machines API, around its handlers: refusals before, lost and late answers after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from flyctl_orchestrator.local.api.answer_damage import damaged
from flyctl_orchestrator.local.api.fault_answers import Skew, reachability, skewed
from flyctl_orchestrator.local.api.image_pull_fault import pull_failed
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base import regions
from flyctl_orchestrator.local.base.errors import FAULT_HEADER, PlatformError, precondition
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.faults.capacity import lacking, no_room

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform

Answer = Response | Wait
CREATE, UPDATE = "machines.create", "machines.update"
# Answered from the platform's own records, without asking the machine's host.
_FROM_RECORDS = frozenset({"machines.get", "machines.events", "machines.versions", "metadata.get_all", "metadata.get"})


class ConnectionCut(ConnectionResetError):
    """The connection is to be closed without an answer."""


class ApiFaults:
    """Stands between the router and the handlers."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._faults = platform.faults

    def around(self, op: str, request: Request, handler: Callable[[], Answer]) -> Answer:
        """The answer to a request that found its handler.

        Raises:
            PlatformError: the handler's own, or a fault's.
            ConnectionCut: there is no answer.
        """
        if not self._faults or request.path.startswith("/_local"):
            return handler()
        place = self._place(op, request)
        instead = self._before(op, request, place)
        if instead is not None:
            return instead
        return self._after(op, request, place, handler())

    def _place(self, op: str, request: Request) -> Place:
        app = request.params.get("app", "")
        machine = self._platform.kernel.machines.get(request.params.get("machine", ""))
        if machine is not None and machine.app == app:
            return Place.of(machine)
        body = request.body if isinstance(request.body, dict) else {}
        region = regions.choose(str(body.get("region") or "")) if op == CREATE else None
        return Place(app, region or "", request.params.get("machine", ""))

    # Before

    def _before(self, op: str, request: Request, place: Place) -> Response | None:
        self._check_reach(op, request, place)

        def about(fault: Fault) -> bool:
            return _about(op, request, fault)

        if (fault := self._faults.strikes("rate-limited", place, about)) is not None:
            return _refused(fault, 429, "rate limit exceeded")
        if (fault := self._faults.strikes("server-error", place, about)) is not None:
            return _refused(fault, int(fault.number("status")), "internal: the server could not handle the request")
        if self._faults.strikes("connection-reset", place, lambda f: about(f) and f.text("when") == "before"):
            raise ConnectionCut("connection reset")
        if fault := self._faults.strikes("unreadable", place, lambda f: about(f) and f.text("when") == "before"):
            return damaged(Response(200, {"ok": True}), fault)
        self._check_room(op, request, place)
        wanted = (request.body or {}).get("min_secrets_version") if op in (CREATE, UPDATE) else None
        if wanted is not None and self._faults.strikes("secrets-lag", place) is not None:
            raise precondition(f"secrets version {wanted} is not available on this host yet")
        return None

    def _check_reach(self, op: str, request: Request, place: Place) -> None:
        machine = self._platform.kernel.machines.get(place.machine)
        if machine is not None:
            away = self._faults.out_of_reach(machine)
        else:
            away = self._faults.holds("region-down", place) if place.region else None
        if away is not None and op not in _FROM_RECORDS:
            raise PlatformError(503, f"upstream unavailable: no host in {place.region} answers (fault {away.id})")

    def _check_room(self, op: str, request: Request, place: Place) -> None:
        machine = self._platform.kernel.machines.get(place.machine)
        fault = lacking(self._faults, op, place, machine)
        if fault is not None:
            config = (request.body or {}).get("config")
            raise no_room(fault, op, place, isinstance(config, dict) and bool(config.get("mounts")))

    # After

    def _after(self, op: str, request: Request, place: Place, answer: Answer) -> Answer:
        unreadable = partial(
            self._faults.strikes, "unreadable", place, lambda f: _about(op, request, f) and f.text("when") == "after"
        )
        if isinstance(answer, Wait):
            fault = unreadable()
            return answer if fault is None else _damaged_wait(answer, fault)
        if op in (CREATE, UPDATE) and answer.status == 200:
            pull_failed(self._platform, op == CREATE, answer.body["id"])
        if op == CREATE and answer.status == 200 and (fault := self._faults.strikes("lost-create", place)) is not None:
            return _refused(fault, int(fault.number("status")), "deadline_exceeded: request timed out")

        def about(fault: Fault) -> bool:
            return _about(op, request, fault)

        if self._faults.strikes("connection-reset", place, lambda f: about(f) and f.text("when") == "after"):
            raise ConnectionCut("connection reset")
        answer = self._rewritten(place, answer)
        if (fault := unreadable()) is not None:
            answer = damaged(answer, fault)
        slow = self._faults.strikes("slow-answers", place, lambda f: about(f) and f.text("at") == "api")
        if slow is not None:
            return _late(slow, answer)
        return answer

    def _rewritten(self, place: Place, answer: Response) -> Response:
        """The answer as it looks with hosts out of reach and clocks that are off."""
        body = reachability(self._platform, answer.body)
        skew = Skew.of(self._faults, place)
        body = skewed(body, skew) if skew is not None else body
        return answer if body is answer.body else replace(answer, body=body)


def _about(op: str, request: Request, fault: Fault) -> bool:
    pattern = fault.text("op")
    return fnmatchcase(op, pattern) if pattern else request.path.startswith("/v1/")


def _refused(fault: Fault, status: int, error: str) -> Response:
    headers = {FAULT_HEADER: fault.id}
    if fault.settings.get("retry_after"):
        headers["retry-after"] = f"{fault.number('retry_after'):g}"
    return Response(status, {"error": error}, headers)


def _late(fault: Fault, answer: Response) -> Wait:
    late = replace(answer, headers={**answer.headers, FAULT_HEADER: fault.id})
    return Wait(lambda: None, fault.number("seconds"), lambda: late)


def _damaged_wait(wait: Wait, fault: Fault) -> Wait:
    """A long poll whose answer will be unreadable, whatever it is."""

    def check() -> Response | None:
        answer = wait.check()
        return None if answer is None else damaged(answer, fault)

    def on_timeout() -> Answer:
        answer = wait.on_timeout()
        return _damaged_wait(answer, fault) if isinstance(answer, Wait) else damaged(answer, fault)

    return Wait(check, wait.seconds, on_timeout)
