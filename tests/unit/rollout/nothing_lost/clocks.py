"""Clocks that are wrong: what a computer takes for the time, while time itself passes as on the platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Time(Protocol):
    """What passes."""

    @property
    def clock(self) -> Now: ...

    def pass_time(self, seconds: float) -> None: ...


class Now(Protocol):
    """Tells what time it is."""

    def now(self) -> float: ...


class WrongClock:
    """One computer's clock, off by `skew` seconds.

    Args:
        meanwhile: called after every second of a sleep: what other threads of the process do.
    """

    def __init__(self, time: Time, skew: float = 0.0, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._time = time
        self._meanwhile = meanwhile
        self.skew = skew

    def now(self) -> float:
        """Seconds since the epoch, as this computer has it."""
        return self._time.clock.now() + self.skew

    def monotonic(self) -> float:
        """Seconds since some moment; nobody can set it."""
        return self._time.clock.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        until = self._time.clock.now() + seconds
        while (left := until - self._time.clock.now()) > 0:
            self._time.pass_time(min(1.0, left))
            self._meanwhile()
