"""Time inside the local platform: the event loop's, or one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something scheduled that can still be called off."""

    def cancel(self) -> None:
        """Do not call it any more; harmless when it has run."""
        ...


class Clock(Protocol):
    """What the platform needs of time. Every delay in the platform goes through `call_later`."""

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `seconds` from now, on the platform's own thread."""
        ...


class LoopClock:
    """Real time, on an asyncio event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        return time.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `seconds` from now, on the event loop."""
        return self._loop.call_later(max(0.0, seconds), callback)


class _VirtualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Time that stands still until `advance` is called: hours of rollout in milliseconds."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._queue: list[tuple[float, int, _VirtualTimer]] = []

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` when `advance` has moved time at least `seconds` on."""
        timer = _VirtualTimer(callback)
        heapq.heappush(self._queue, (self._now + max(0.0, seconds), next(self._order), timer))
        return timer

    def next_due(self) -> float | None:
        """When the next live timer is due (seconds since the epoch), or None when none waits."""
        while self._queue and self._queue[0][2].callback is None:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def advance(self, seconds: float) -> None:
        """Move time on, running every timer that falls due on the way, in order."""
        until = self._now + seconds
        while (due := self.next_due()) is not None and due <= until:
            _, _, timer = heapq.heappop(self._queue)
            self._now = max(self._now, due)
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        # A callback may have moved time on by itself.
        self._now = max(self._now, until)
