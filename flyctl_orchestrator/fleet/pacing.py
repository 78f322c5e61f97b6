"""Keeps calls within the platform's documented rate limits, instead of learning of them by 429."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flyctl_orchestrator.environment import Clock


@dataclass(frozen=True)
class Limit:
    """A token bucket: `per_second` on average, `burst` at once."""

    per_second: float
    burst: int


# https://fly.io/docs/machines/api/working-with-machines-api/#rate-limits: per action and per machine (or app).
EVERY_ACTION = Limit(per_second=1, burst=3)
GET_MACHINE = Limit(per_second=5, burst=10)
# Requests may arrive closer together than they were sent; a delayed one is sent this much later, in seconds.
MARGIN = 0.1


def limit_of(action: str) -> Limit:
    """The documented limit of one action, e.g. "get", "create", "lease"."""
    return GET_MACHINE if action == "get" else EVERY_ACTION


class Pacer:
    """Makes callers wait so that no (action, identifier) pair goes over its limit. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: dict[tuple[str, str], float] = {}

    def pace(self, action: str, identifier: str) -> float:
        """Wait for this call's turn.

        Args:
            identifier: the machine's id, or the app's name for a call about the app.

        Returns: the seconds waited.
        """
        seconds = self._reserve(action, identifier)
        if seconds > 0:
            self._clock.sleep(seconds)
        return seconds

    def _reserve(self, action: str, identifier: str) -> float:
        # `full_at` is when the bucket would be full again: the whole state of a token bucket in one number.
        limit = limit_of(action)
        interval = 1 / limit.per_second
        with self._lock:
            now = self._clock.monotonic()
            full_at = max(self._full_at.get((action, identifier), now), now)
            late = full_at - now - (limit.burst - 1) * interval
            wait = late + MARGIN if late > 0 else 0.0
            self._full_at[(action, identifier)] = full_at + interval
        return wait
