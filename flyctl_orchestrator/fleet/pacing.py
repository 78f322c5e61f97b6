"""Keeps calls within the platform's documented rate limits, instead of learning of them by 429."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from flyctl_orchestrator.environment import Clock


@dataclass(frozen=True)
class Limit:
    """A token bucket: `per_second` on average, `burst` at once."""

    per_second: float
    burst: int


# https://docs.fly.io/machines/api/working-with-machines-api/#rate-limits: per action and per machine (or app).
EVERY_ACTION = Limit(per_second=1, burst=3)
GET_MACHINE = Limit(per_second=5, burst=10)
# flyctl makes these calls, too, gives up when it is refused, and counts under the same limit: one is left for it.
SHARED = Limit(per_second=1, burst=2)
SHARED_ACTIONS = frozenset({"app.get", "list"})
# Requests may arrive closer together than they were sent, by so many seconds.
MARGIN = 0.1


def limit_of(action: str) -> Limit:
    """The documented limit of one action, e.g. "get", "create", "lease"."""
    if action in SHARED_ACTIONS:
        return SHARED
    return GET_MACHINE if action == "get" else EVERY_ACTION


@dataclass
class _Bucket:
    """What was sent under one limit.

    The platform admits n requests in a row when they arrive within at least (n - burst) / per_second seconds. So the
    next one may be sent when that holds for every row that ends with it, counted from each earlier one: `due` is the
    latest of these moments, carried on from call to call.
    """

    limit: Limit
    last: deque[float] = field(default_factory=deque)
    due: float = 0.0

    @property
    def next_due(self) -> float:
        """When a request may be sent at the earliest."""
        if len(self.last) < self.limit.burst:
            return float("-inf")
        return max(self.due, self.last[0]) + 1 / self.limit.per_second + MARGIN

    def next_turn(self, now: float) -> float:
        """When the next request may be sent; takes it for sent then."""
        turn = max(now, self.next_due)
        if len(self.last) == self.limit.burst:
            self.due = max(self.due, self.last.popleft()) + 1 / self.limit.per_second
        self.last.append(turn)
        return turn


class Pacer:
    """Makes callers wait so that no (action, identifier) pair goes over its limit. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def pace(self, action: str, identifier: str) -> float:
        """Wait for this call's turn.

        Args:
            identifier: the machine's id, or the app's name for a call about the app.

        Returns: the seconds waited.
        """
        with self._lock:
            now = self._clock.monotonic()
            bucket = self._buckets.setdefault((action, identifier), _Bucket(limit_of(action)))
            seconds = bucket.next_turn(now) - now
        if seconds > 0:
            self._clock.sleep(seconds)
        return seconds

    def ready(self, action: str, identifier: str) -> bool:
        """Whether `pace` would not wait now."""
        with self._lock:
            bucket = self._buckets.get((action, identifier))
            return bucket is None or bucket.next_due <= self._clock.monotonic()
