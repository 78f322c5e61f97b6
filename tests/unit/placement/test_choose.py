"""The suggestion is the best of all sets: compared with one that tries them the plain way."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.latency import load_latency
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.placement.choose import mean, spread, suggest
from flyctl_orchestrator.placement.goal import By
from flyctl_orchestrator.placement.users import Users, read_users

REGIONS = load_regions()
TABLE = load_latency(REGIONS)
CODES = sorted(TABLE.codes)
somewhere = st.tuples(st.floats(-60, 70), st.floats(-180, 180))


def figure(by: By, users: list[Users], codes: tuple[str, ...]) -> float:
    return mean(users, TABLE, codes) if by == "mean" else spread(users, TABLE, codes).p95


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["mean", "p95"]),
    st.lists(st.tuples(somewhere, st.integers(1, 9)), min_size=1, max_size=5),
    st.lists(st.sampled_from(CODES), min_size=1, max_size=7, unique=True),
    st.floats(1, 30),
    st.integers(1, 7),
    st.data(),
)
def test_no_set_within_the_limits_is_faster(
    by: By,
    where: list[tuple[tuple[float, float], int]],
    codes: list[str],
    budget: float,
    most: int,
    data: st.DataObject,
) -> None:
    total = sum(weight for _, weight in where)
    users = [Users("x", at, weight / total) for at, weight in where]
    prices = {code: 1.0 + CODES.index(code) % 5 for code in codes}
    keep = frozenset(data.draw(st.lists(st.sampled_from(codes), max_size=2, unique=True)))
    found = suggest(users, TABLE, prices, budget=budget, most=most, keep=keep, by=by)
    allowed = [
        chosen
        for size in range(1, min(most, len(codes)) + 1)
        for chosen in combinations(sorted(codes), size)
        if sum(prices[code] for code in chosen) <= budget and keep <= set(chosen)
    ]
    assert found.looked_at == len(allowed)
    if not allowed:
        assert found.best == ()
        return
    assert found.best[-1].ms == pytest.approx(min(figure(by, users, chosen) for chosen in allowed))
    for choice in found.best:
        assert choice.ms == pytest.approx(figure(by, users, choice.regions))
        assert choice.usd == pytest.approx(sum(prices[code] for code in choice.regions))
        same_size = [chosen for chosen in allowed if len(chosen) == len(choice.regions)]
        assert choice.ms == pytest.approx(min(figure(by, users, chosen) for chosen in same_size))
    assert [choice.ms for choice in found.best] == sorted({choice.ms for choice in found.best}, reverse=True)


def test_without_a_limit_every_set_is_looked_at() -> None:
    users = read_users("de=1,jp=1", REGIONS)
    prices = dict.fromkeys(CODES[:10], 1.0)
    assert suggest(users, TABLE, prices).looked_at == 2**10 - 1


def test_half_of_the_users_are_within_p50_and_all_within_the_longest() -> None:
    users = read_users("Tokyo=60,London=40", REGIONS)
    where = spread(users, TABLE, ["nrt"])
    assert where.p50 < 5 and where.p95 > where.longest > 200, "the P95 is of the slow ones, too"


def test_users_in_one_city_need_one_region() -> None:
    users = read_users("Tokyo", REGIONS)
    found = suggest(users, TABLE, dict.fromkeys(CODES, 4.0), budget=15)
    (choice,) = found.best
    assert (choice.regions, choice.usd) == (("nrt",), 4.0) and choice.ms < 3
