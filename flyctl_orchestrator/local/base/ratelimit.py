"""The documented request limits, as token buckets.

Machines API: 1 request per second per action and per machine (or app), bursts of 3; Get Machine 5 per second, bursts of
10; app deletions 100 per minute (Fly's docs, "Working with the Machines API", Rate limits).

Requests about an app as a whole, and those that flyctl makes around every change of a machine (leases, waiting), are
held back for a while before they are refused. Fly.io's own answers take a second or so, which keeps an unmodified
flyctl below the limits; answers that take a millisecond would not.
"""

from __future__ import annotations

from dataclasses import dataclass

FORGET_AFTER_SECONDS = 120.0


@dataclass(frozen=True)
class Limit:
    """`rate` requests per second in the long run, `burst` at once; more wait for up to `patience` seconds."""

    rate: float = 1.0
    burst: float = 3.0
    patience: float = 0.0


DEFAULT = Limit()
OF_AN_APP = Limit(patience=5.0)
AROUND_A_CHANGE = Limit(patience=5.0)
CREATE_MACHINE = Limit(patience=45.0)
GET_MACHINE = Limit(5.0, 10.0)
DELETE_APP = Limit(100.0 / 60.0, 100.0)


class RateLimiter:
    """Buckets by (operation, identifier)."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._swept_at = 0.0

    def delay(self, operation: str, identifier: str, limit: Limit, now: float) -> float | None:
        """Seconds one more request has to wait at `now`, usually 0; counts it. None: it is refused, and not counted."""
        if now - self._swept_at > FORGET_AFTER_SECONDS:
            self._sweep(now)
        left, at = self._buckets.get((operation, identifier), (limit.burst, now))
        left = min(limit.burst, left + (now - at) * limit.rate)
        wait = max(0.0, (1.0 - left) / limit.rate)
        allowed = wait <= limit.patience
        self._buckets[(operation, identifier)] = (left - 1.0 if allowed else left, now)
        return wait if allowed else None

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        self._buckets = {
            key: (left, at) for key, (left, at) in self._buckets.items() if now - at < FORGET_AFTER_SECONDS
        }
