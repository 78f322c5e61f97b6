"""How many answers of which status each machine gave, second by second: what the metrics are made of."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.core.model import Machine

KEPT_SECONDS = 3600
MOST_SERIES = 20_000


class Labels(NamedTuple):
    """What a series is about; the names are those of Fly.io's metrics."""

    app: str
    region: str
    host: str
    instance: str
    status: str


@dataclass
class Series:
    """One counter: its value now, and how much was added in which of the last seconds."""

    total: int = 0
    seconds: deque[tuple[int, int]] = field(default_factory=deque)

    def add(self, second: int) -> None:
        """One more, now."""
        self.total += 1
        if self.seconds and self.seconds[-1][0] == second:
            self.seconds[-1] = (second, self.seconds[-1][1] + 1)
        else:
            self.seconds.append((second, 1))
        while self.seconds[0][0] <= second - KEPT_SECONDS:
            self.seconds.popleft()

    def between(self, after: float, until: float) -> int:
        """How much was added after one moment and until another, both in seconds since the epoch."""
        return sum(number for second, number in self.seconds if after < second <= until)


class Traffic:
    """Answers of machines that went through the proxy since the platform's start, the last hour's by the second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._series: dict[tuple[str, int], tuple[Labels, Series]] = {}

    def count(self, machine: Machine, status: int) -> None:
        """An answer of a machine goes to a client."""
        known = self._series.get((machine.id, status))
        if known is None:
            if len(self._series) >= MOST_SERIES:
                del self._series[next(iter(self._series))]
            labels = Labels(machine.app, machine.region, f"{machine.host:04x}", machine.id, str(status))
            known = self._series[machine.id, status] = labels, Series()
        known[1].add(int(self._clock.now()))

    def series(self) -> list[tuple[Labels, Series]]:
        """Every counter."""
        return list(self._series.values())

    def forget(self, app: str) -> None:
        """An app is destroyed: its counters are gone."""
        self._series = {key: known for key, known in self._series.items() if known[0].app != app}
