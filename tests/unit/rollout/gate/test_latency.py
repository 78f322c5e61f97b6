"""The rank test: against counting every order there is, and against what somebody would call slower."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.rollout.gate.latency import FACTOR, FLOOR, Pair, chance, slower


def spread(middle: float, number: int, width: float = 0.2, seed: int = 0) -> list[float]:
    """Times around a middle."""
    luck = random.Random(seed + number)
    return [middle * (1 + width * (luck.random() - 0.5)) for _ in range(number)]


def exactly(before: Sequence[float], after: Sequence[float]) -> float:
    """How many of all orders of these times are at least as slow after as this one."""

    def wins(first: Sequence[float], second: Sequence[float]) -> float:
        return sum((b > a) + (a == b) / 2 for a in first for b in second)

    everything, seen = [*before, *after], wins(before, after)
    orders = [set(chosen) for chosen in itertools.combinations(range(len(everything)), len(after))]
    as_slow = 0
    for chosen in orders:
        first = [value for number, value in enumerate(everything) if number not in chosen]
        as_slow += wins(first, [everything[number] for number in chosen]) >= seen
    return as_slow / len(orders)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11]),
        ([1, 3, 5, 7, 9, 11], [2, 4, 6, 8, 10]),
        ([7, 8, 9, 10, 11], [1, 2, 3, 4, 5, 6]),
        ([1, 2, 2, 2, 3, 4], [2, 3, 3, 4, 5]),
        ([1, 1, 1, 2, 2, 9], [2, 2, 2, 9, 9, 9]),
    ],
)
def test_it_comes_near_to_counting_every_order(before: list[float], after: list[float]) -> None:
    assert chance([Pair(before, after)]) == pytest.approx(exactly(before, after), abs=0.03)


def test_chance_by_hand() -> None:
    # Every one of 20 is slower than every one of 20: 400 wins where 200 are usual, variance 20 * 20 * 41 / 12.
    pair = Pair([0.1 + 0.001 * n for n in range(20)], [0.5 + 0.001 * n for n in range(20)])
    assert chance([pair]) == pytest.approx(3.4e-8, rel=0.01)
    assert chance([pair, pair]) < chance([pair]) ** 1.8
    assert chance([Pair(pair.after, pair.before)]) == pytest.approx(1.0, abs=1e-6)


def test_nothing_is_known_without_answers_or_when_all_are_alike() -> None:
    assert chance([]) == chance([Pair([0.1] * 5, [0.1] * 5)]) == 1.0
    assert slower([]) == slower([Pair([], [0.5] * 9), Pair([0.5] * 9, [])]) == []


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_one_way_and_the_other_make_a_whole(before: list[float], after: list[float]) -> None:
    there, back = chance([Pair(before, after)]), chance([Pair(after, before)])
    assert 0 <= there <= 1
    # The half that is left out on both sides, and nothing else, is counted twice.
    assert 1 - 1e-9 <= there + back < 1.5 or there == back == 1.0


def test_a_release_that_takes_twice_as_long_is_slower() -> None:
    pair = Pair(spread(0.3, 20), spread(0.6, 20))
    assert slower([pair]) == [pair]


def test_what_nobody_would_notice_is_not_slower() -> None:
    assert slower([Pair(spread(0.010, 20), spread(0.100, 40))]) == [], "less than a tenth of a second more"
    assert slower([Pair(spread(1.0, 20), spread(1.4, 40))]) == [], "less than half as long again"


@pytest.mark.parametrize(("usual", "limit"), [(0.010, 0.010 + FLOOR), (1.0, FACTOR * 1.0), (0.2, 0.2 * FACTOR)])
def test_the_limit_is_a_factor_and_at_least_so_much_more(usual: float, limit: float) -> None:
    assert Pair([usual] * 3, []).limit == pytest.approx(limit)


def test_half_of_the_answers_have_to_be_above_the_limit() -> None:
    before = [0.100 + 0.0001 * n for n in range(20)]
    quick, slow = [0.11 + 0.001 * n for n in range(20)], [0.5 + 0.001 * n for n in range(21)]
    assert chance([Pair(before, quick + slow)]) < 0.001
    assert slower([Pair(before, quick + slow[:20])]) == []
    assert slower([Pair(before, quick + slow)]) != []


def test_few_answers_in_many_regions_tell_together() -> None:
    pairs = [Pair(spread(0.2, 20, seed=n), spread(0.5, 3, seed=n)) for n in range(9)]
    assert slower(pairs[:1]) == [], "three answers of one region are no proof"
    assert slower(pairs) == pairs


def test_one_region_among_many_is_named() -> None:
    good = [Pair(spread(0.2, 20, seed=n), spread(0.2, 20, seed=90 + n)) for n in range(9)]
    bad = Pair(spread(0.2, 20), spread(0.9, 20))
    assert slower([*good, bad]) == [bad]


def test_many_regions_are_many_chances_for_bad_luck() -> None:
    """A single region has to be the more certain, the more of them there are."""
    bad = Pair([0.1 + 0.001 * n for n in range(20)], [0.5] * 5)
    assert 0.001 / 20 < chance([bad]) < 0.001
    assert slower([bad]) == [bad]
    good = [Pair(spread(0.1, 20, seed=n), spread(0.1, 20, seed=50 + n)) for n in range(20)]
    assert slower([bad, *good]) == []


def test_a_release_as_quick_as_before_is_hardly_ever_called_slower() -> None:
    luck, called = random.Random(1), 0
    for _ in range(300):
        pairs = [
            Pair([luck.expovariate(5) for _ in range(20)], [luck.expovariate(5) for _ in range(20)]) for _ in range(3)
        ]
        called += bool(slower(pairs))
    assert called == 0
