"""Where one request is to be delivered next, and what becomes of it when that fails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flyctl_orchestrator.local.proxy.backend import Target
from flyctl_orchestrator.local.proxy.errors import ProxyError
from flyctl_orchestrator.local.proxy.replay import (
    FAILED_HEADER,
    SOURCE_HEADER,
    Reason,
    Replay,
    failed_header,
    source_header,
)
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints


class Undelivered(Exception):
    """No machine got the request: no connection was made. `reason` is the word `fly-replay-failed` has for it."""

    def __init__(self, reason: Reason, error: ProxyError) -> None:
        super().__init__(str(error))
        self.reason = reason
        self.error = error


@dataclass(frozen=True)
class RouteAttempt:
    """One delivery to attempt.

    Attributes:
        app: whose machines.
        wish: which of them.
        extra: headers added for this delivery only.
        replay: the answer that caused it, if one did.
        origin: the errand that led to that answer, and the machine that gave it.
        final: it may not be replayed again.
    """

    app: str
    constraints: RouteConstraints
    extra: tuple[tuple[str, str], ...] = ()
    replay: Replay | None = None
    origin: tuple[RouteAttempt, Target] | None = None
    final: bool = False

    def replayed(self, replay: Replay, responder: Target, now: float) -> RouteAttempt:
        """The errand that follows when machine `responder` answered with `replay`; `now` in seconds since the epoch."""
        source = source_header(responder.machine_id, responder.region, now, replay.state)
        return RouteAttempt(
            app=replay.app or self.app,
            constraints=replay.constraints(responder.machine_id),
            extra=((SOURCE_HEADER, source),),
            replay=replay,
            origin=(self, responder),
        )

    def fallen_back(self, reason: Reason, elapsed_seconds: float) -> RouteAttempt | None:
        """The errand that brings the request back to where it was replayed from; None when nobody asked for that."""
        if self.replay is None or self.replay.fallback is None or self.origin is None:
            return None
        before, responder = self.origin
        failed = failed_header(self.replay, self.app, responder.machine_id, reason, elapsed_seconds)
        home = responder.machine_id
        forced = self.replay.fallback == "force_self"
        return replace(
            before,
            constraints=RouteConstraints(instance=home) if forced else RouteConstraints(prefer_instance=home),
            extra=(*before.extra, (FAILED_HEADER, failed)),
            final=True,
        )
