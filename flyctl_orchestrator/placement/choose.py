"""The best regions for some users under a budget: every set of open regions is looked at, so the best is proved best.

A user's way to the vantage that stands for their place is the same whichever region answers. So users are added up by
vantage, some fifty of them, and a set of regions is scored by taking the smaller of two times for each vantage. Sets
are made one from another, by adding one region; all 131,071 sets of 17 regions take less than a second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flyctl_orchestrator.catalog.latency import LatencyTable
from flyctl_orchestrator.catalog.regions import Place
from flyctl_orchestrator.placement.users import Users


@dataclass(frozen=True)
class Choice:
    """A set of regions, and what it means for the users.

    Attributes:
        regions: codes, sorted.
        ms: the round trip to the nearest of them, averaged over the users.
        usd: per month.
    """

    regions: tuple[str, ...]
    ms: float
    usd: float


@dataclass(frozen=True)
class Suggestion:
    """What came of looking at every set.

    Attributes:
        best: the fastest set for each number of regions, that number rising; a set that is no faster than a smaller
            one is left out.
        looked_at: how many sets were scored: all that the limits allow.
    """

    best: tuple[Choice, ...]
    looked_at: int


def suggest(
    users: Sequence[Users],
    table: LatencyTable,
    prices: Mapping[str, float],
    *,
    budget: float | None = None,
    most: int | None = None,
    keep: frozenset[str] = frozenset(),
) -> Suggestion:
    """The fastest sets of regions for these users.

    Args:
        prices: US dollars per month in each region that may be chosen.
        budget: US dollars per month that a set may cost; None for any.
        most: how many regions a set may have; None for all.
        keep: regions that every set has to have.
    """
    codes = sorted(prices, key=lambda code: (code not in keep, code))
    rows, way = _weighted(users, table, codes)
    costs = [prices[code] for code in codes]
    limit = len(codes) if most is None else most
    best: dict[int, Choice] = {}
    looked_at = 0
    for chosen, score, cost in _sets(rows, costs, budget, limit, len(keep)):
        looked_at += 1
        count, ms = len(chosen), score + way
        known = best.get(count)
        if known is None or (ms, cost) < (known.ms, known.usd):
            best[count] = Choice(tuple(sorted(codes[index] for index in chosen)), ms, cost)
    return Suggestion(_rising(best), looked_at)


def _rising(best: Mapping[int, Choice]) -> tuple[Choice, ...]:
    kept: list[Choice] = []
    for _, choice in sorted(best.items()):
        if not kept or choice.ms < kept[-1].ms - 1e-9:
            kept.append(choice)
    return tuple(kept)


def _weighted(users: Sequence[Users], table: LatencyTable, codes: Sequence[str]) -> tuple[list[list[float]], float]:
    """For each region its time from every vantage, times the share of the users there; and their mean way to it."""
    shares: dict[str, float] = defaultdict(float)
    vantages, way = {}, 0.0
    for some in users:
        vantage, ms = table.nearest(some.at)
        vantages[vantage.name] = vantage
        shares[vantage.name] += some.share
        way += some.share * ms
    return [[vantages[name].ms[code] * share for name, share in shares.items()] for code in codes], way


def _sets(
    rows: list[list[float]], costs: list[float], budget: float | None, limit: int, kept: int
) -> Iterator[tuple[tuple[int, ...], float, float]]:
    """Every set within the limits: its members, the sum of its times, its cost."""
    ceiling = float("inf") if budget is None else budget + 1e-9
    start = tuple(range(kept))
    times = [min(column) for column in zip(*(rows[index] for index in start), strict=True)] if kept else []
    cost = sum(costs[index] for index in start)
    if kept > limit or cost > ceiling:
        return
    if kept:
        yield start, sum(times), cost
    open_sets = [(start, times, cost)]
    while open_sets:
        chosen, times, cost = open_sets.pop()
        if len(chosen) == limit:
            continue
        for index in range(chosen[-1] + 1 if chosen else 0, len(rows)):
            dearer = cost + costs[index]
            if dearer > ceiling:
                continue
            row = rows[index]
            faster = list(map(min, times, row)) if chosen else row
            larger = (*chosen, index)
            yield larger, sum(faster), dearer
            open_sets.append((larger, faster, dearer))


@dataclass(frozen=True)
class Spread:
    """How the round trips of all users are spread, in milliseconds: P50 and P95 over the users, and the longest."""

    p50: float
    p95: float
    longest: float


def spread(users: Sequence[Users], table: LatencyTable, regions: Sequence[str]) -> Spread:
    """Where the users' round trips to the nearest of these regions lie."""
    times = sorted((time_to(user.at, table, regions), user.share) for user in users)
    return Spread(_at_share(times, 0.5), _at_share(times, 0.95), times[-1][0])


def time_to(at: Place, table: LatencyTable, regions: Sequence[str]) -> float:
    """The round trip from a place to the nearest of these regions, in milliseconds."""
    vantage, way = table.nearest(at)
    return way + min(vantage.ms[code] for code in regions)


def _at_share(times: Sequence[tuple[float, float]], wanted: float) -> float:
    seen = 0.0
    for ms, share in times:
        seen += share
        if seen >= wanted - 1e-9:
            return ms
    return times[-1][0]
