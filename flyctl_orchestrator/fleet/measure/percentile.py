"""Percentiles of answer times, by one definition.

The percentile p of n requests is the time of the request with rank ⌈p·n/100⌉, counted from the fastest ("nearest
rank"): a time that was measured, and never one in between. A request without a good answer took longer than all that
have one. So where the rank falls on such a request the percentile is not a time, but "failed"; p99 of fewer than a
hundred requests is the slowest one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = (50, 95, 99)
"""The percentiles that are shown."""


@dataclass(frozen=True)
class Latencies:
    """The requests of one row.

    Attributes:
        good: seconds of the requests that got a good answer, fastest first.
        errors: number of the others.
    """

    good: tuple[float, ...] = ()
    errors: int = 0

    @classmethod
    def of(cls, times: Iterable[float | None]) -> Latencies:
        """From one entry per request: seconds, or None for one without a good answer.

        Raises:
            ValueError: a time is negative or not finite.
        """
        everything = list(times)
        good = [seconds for seconds in everything if seconds is not None]
        if any(seconds < 0 or not math.isfinite(seconds) for seconds in good):
            raise ValueError("an answer time is a finite number from 0 up")
        return cls(tuple(sorted(good)), len(everything) - len(good))

    @property
    def requests(self) -> int:
        """How many there were."""
        return len(self.good) + self.errors

    @property
    def error_share(self) -> float | None:
        """Errors in proportion to requests, 0 to 1; None without requests."""
        return self.errors / self.requests if self.requests else None

    def percentile(self, p: int) -> float | None:
        """Seconds, infinity where it falls on a request without a good answer; None without requests.

        Args:
            p: 1 to 100.
        """
        if not 1 <= p <= 100:
            raise ValueError("a percentile is a whole number from 1 to 100")
        if not self.requests:
            return None
        rank = -(-p * self.requests // 100)
        return self.good[rank - 1] if rank <= len(self.good) else math.inf
