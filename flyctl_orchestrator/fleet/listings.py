"""The last list of all machines of an app, for others who would ask for the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.machine import Machine


@dataclass(frozen=True)
class Listing:
    """All machines of an app, and when they were asked for, by both clocks of this computer."""

    machines: Sequence[Machine]
    monotonic: float
    wall: float


class Listings:
    """The last one of each app. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, Listing] = {}

    def moment(self) -> tuple[float, float]:
        """Now, by both clocks."""
        return self._clock.monotonic(), self._clock.now()

    def keep(self, app: str, asked: tuple[float, float], found: list[Machine]) -> list[Machine]:
        """Keep a list that was asked for at that moment; gives it."""
        self._last[app] = Listing(tuple(found), *asked)
        return found

    def last(self, app: str) -> Listing | None:
        """The last one that was answered, None when there was none; asks nobody."""
        return self._last.get(app)
