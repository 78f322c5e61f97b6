"""What makes one set of regions faster for some users than another, quick enough to be asked of every set."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, Protocol

from flyctl_orchestrator.catalog.latency import LatencyTable, Vantage
from flyctl_orchestrator.placement.users import Users

By = Literal["mean", "p95"]
_MOST = 0.95


class Goal(Protocol):
    """A figure that is to be small.

    Attributes:
        rows: for each region, a time for each vantage; those of a set are the smallest of its regions' times.
    """

    rows: list[list[float]]

    def score(self, times: Sequence[float]) -> float:
        """The figure of a set, in milliseconds, from its times."""
        ...

    def may_be_better(self, times: Sequence[float], best: float) -> bool:
        """Whether the figure is at most `best`; sooner known than the figure itself."""
        ...

    def second(self, chosen: Sequence[int]) -> float:
        """What decides between sets of the same figure; `chosen` are places in `rows`."""
        ...


def goal_for(by: By, users: Sequence[Users], table: LatencyTable, codes: Sequence[str]) -> Goal:
    """The goal of that name, for these users and regions."""
    return _Mean(users, table, codes) if by == "mean" else _P95(users, table, codes)


def _by_vantage(users: Sequence[Users], table: LatencyTable) -> dict[str, tuple[Vantage, list[tuple[float, float]]]]:
    """For each vantage that is nearest to somebody: the ways to it and shares of those users."""
    vantages: dict[str, Vantage] = {}
    people: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for some in users:
        vantage, way = table.nearest(some.at)
        vantages[vantage.name] = vantage
        people[vantage.name].append((way, some.share))
    return {name: (vantage, sorted(people[name])) for name, vantage in vantages.items()}


class _Mean:
    """The round trip averaged over the users. Times are weighted with the share of the users at the vantage."""

    def __init__(self, users: Sequence[Users], table: LatencyTable, codes: Sequence[str]) -> None:
        groups = _by_vantage(users, table)
        shares = {name: sum(share for _, share in people) for name, (_, people) in groups.items()}
        self.rows = [[groups[name][0].ms[code] * share for name, share in shares.items()] for code in codes]
        self._way = sum(way * share for _, people in groups.values() for way, share in people)

    def score(self, times: Sequence[float]) -> float:
        return sum(times) + self._way

    def may_be_better(self, times: Sequence[float], best: float) -> bool:
        return sum(times) + self._way <= best

    def second(self, chosen: Sequence[int]) -> float:
        return 0.0


class _P95:
    """What 95 of 100 users have at most, 95 of 100 times; the mean decides where that is the same."""

    def __init__(self, users: Sequence[Users], table: LatencyTable, codes: Sequence[str]) -> None:
        groups = _by_vantage(users, table).values()
        self.rows = [[vantage.slow(code) for vantage, _ in groups] for code in codes]
        self._people = [people for _, people in groups]
        self._ways = [[way for way, _ in people] for people in self._people]
        self._until = [list(accumulate((share for _, share in people), initial=0.0)) for people in self._people]
        self._mean = _Mean(users, table, codes)

    def score(self, times: Sequence[float]) -> float:
        seen = 0.0
        everybody = sorted(
            (ms + way, share) for ms, people in zip(times, self._people, strict=True) for way, share in people
        )
        for ms, share in everybody:
            seen += share
            if seen >= _MOST - 1e-9:
                return ms
        return everybody[-1][0]

    def may_be_better(self, times: Sequence[float], best: float) -> bool:
        limit = best + 1e-9
        seen = 0.0
        for ms, ways, until in zip(times, self._ways, self._until, strict=True):
            if ms <= limit:
                seen += until[bisect_right(ways, limit - ms)]
        return seen >= _MOST - 1e-9

    def second(self, chosen: Sequence[int]) -> float:
        return self._mean.score([min(column) for column in zip(*(self._mean.rows[i] for i in chosen), strict=True)])
