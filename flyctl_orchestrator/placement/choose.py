"""The best regions for some users under a budget: every set of open regions is looked at, so the best is proved best.

A user's way to the vantage that stands for their place is the same whichever region answers. So users are added up by
vantage, some fifty of them, and a set of regions is scored from the smaller of two times for each vantage. Sets are
made one from another, by adding one region; all 131,071 sets of 17 regions take a second or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flyctl_orchestrator.catalog.latency import LatencyTable
from flyctl_orchestrator.catalog.regions import Place
from flyctl_orchestrator.placement.goal import By, goal_for
from flyctl_orchestrator.placement.users import Users


@dataclass(frozen=True)
class Choice:
    """A set of regions, and what it means for the users.

    Attributes:
        regions: codes, sorted.
        ms: what it was chosen by: the round trip to the nearest of them, averaged over the users, or its P95.
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
        by: what makes one set faster than another.
    """

    best: tuple[Choice, ...]
    looked_at: int
    by: By = "mean"


def suggest(
    users: Sequence[Users],
    table: LatencyTable,
    prices: Mapping[str, float],
    *,
    budget: float | None = None,
    most: int | None = None,
    keep: frozenset[str] = frozenset(),
    by: By = "mean",
) -> Suggestion:
    """The fastest sets of regions for these users.

    Args:
        prices: US dollars per month in each region that may be chosen.
        budget: US dollars per month that a set may cost; None for any.
        most: how many regions a set may have; None for all.
        keep: regions that every set has to have.
        by: what is made small: the mean over the users, or what 95 of 100 of them have at most (see `spread`).
    """
    codes = sorted(prices, key=lambda code: (code not in keep, code))
    goal = goal_for(by, users, table, codes)
    costs = [prices[code] for code in codes]
    limit = len(codes) if most is None else most
    best: dict[int, tuple[tuple[float, float, float], tuple[int, ...]]] = {}
    looked_at = 0
    for chosen, times, cost in _sets(goal.rows, costs, budget, limit, len(keep)):
        looked_at += 1
        known = best.get(len(chosen))
        if known is not None and not goal.may_be_better(times, known[0][0]):
            continue
        score = (goal.score(times), goal.second(chosen), cost)
        if known is None or score < known[0]:
            best[len(chosen)] = (score, chosen)
    found = {
        count: Choice(tuple(sorted(codes[index] for index in chosen)), score[0], score[2])
        for count, (score, chosen) in best.items()
    }
    return Suggestion(_rising(found), looked_at, by)


def _rising(best: Mapping[int, Choice]) -> tuple[Choice, ...]:
    kept: list[Choice] = []
    for _, choice in sorted(best.items()):
        if not kept or choice.ms < kept[-1].ms - 1e-9:
            kept.append(choice)
    return tuple(kept)


def _sets(
    rows: list[list[float]], costs: list[float], budget: float | None, limit: int, kept: int
) -> Iterator[tuple[tuple[int, ...], list[float], float]]:
    """Every set within the limits: its members, the smallest of their times for each vantage, its cost."""
    ceiling = float("inf") if budget is None else budget + 1e-9
    start = tuple(range(kept))
    times = [min(column) for column in zip(*(rows[index] for index in start), strict=True)] if kept else []
    cost = sum(costs[index] for index in start)
    if kept > limit or cost > ceiling:
        return
    if kept:
        yield start, times, cost
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
            yield larger, faster, dearer
            open_sets.append((larger, faster, dearer))


@dataclass(frozen=True)
class Spread:
    """How the round trips of all users are spread, in milliseconds.

    Attributes:
        p50: half of the users have a median round trip of at most this.
        p95: 95 of 100 users have, 95 of 100 times, a round trip of at most this.
        longest: the longest of the users' medians.
    """

    p50: float
    p95: float
    longest: float


def spread(users: Sequence[Users], table: LatencyTable, regions: Sequence[str]) -> Spread:
    """Where the users' round trips to the nearest of these regions lie."""
    times = sorted((time_to(user.at, table, regions), user.share) for user in users)
    slow = sorted((slow_time_to(user.at, table, regions), user.share) for user in users)
    return Spread(at_share(times, 0.5), at_share(slow, 0.95), times[-1][0])


def mean(users: Sequence[Users], table: LatencyTable, regions: Sequence[str]) -> float:
    """The median round trip to the nearest of these regions, averaged over the users."""
    return sum(user.share * time_to(user.at, table, regions) for user in users)


def time_to(at: Place, table: LatencyTable, regions: Sequence[str]) -> float:
    """The median round trip from a place to the nearest of these regions, in milliseconds."""
    vantage, way = table.nearest(at)
    return way + min(vantage.ms[code] for code in regions)


def slow_time_to(at: Place, table: LatencyTable, regions: Sequence[str]) -> float:
    """The P95 of the round trips from a place to the nearest of these regions, in milliseconds."""
    vantage, way = table.nearest(at)
    return way + min(vantage.slow(code) for code in regions)


def at_share(times: Sequence[tuple[float, float]], wanted: float) -> float:
    """The time by which that share of the users has its answer; `times` are pairs of time and share, sorted."""
    seen = 0.0
    for ms, share in times:
        seen += share
        if seen >= wanted - 1e-9:
            return ms
    return times[-1][0]
