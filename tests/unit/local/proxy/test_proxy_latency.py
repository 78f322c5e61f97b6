"""Times and distances between regions."""

from __future__ import annotations

import math
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.proxy.geography import within
from flyctl_orchestrator.local.proxy.latency import UNKNOWN_REGION_MS, light_ms, median_ms, sample_ms, table

codes = st.sampled_from(sorted(REGIONS))


@given(codes, codes, st.integers())
def test_nothing_is_faster_than_light(one: str, other: str, seed: int) -> None:
    assert median_ms(one, other) >= light_ms(one, other)
    assert sample_ms(one, other, Random(seed)) >= light_ms(one, other)
    assert median_ms(one, other) == median_ms(other, one)


def test_a_round_trip_of_no_region_is_long_and_within_one_short() -> None:
    assert median_ms("iad", "iad") == 1.0
    assert median_ms("iad", "xxx") == sample_ms("xxx", "xxy", _NoJitter()) == UNKNOWN_REGION_MS
    assert light_ms("sin", "nrt") == pytest.approx(35.5, abs=0.5)


class _NoJitter(Random):
    def lognormvariate(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return math.exp(mu)


def test_every_pair_of_regions_was_measured_and_is_possible() -> None:
    pairs = table()
    assert pairs.keys() == {frozenset(pair) for pair in combinations(REGIONS, 2)}
    for pair, (ms, p95) in pairs.items():
        one, other = sorted(pair)
        assert p95 >= ms >= light_ms(one, other) * 1.1, pair


def test_areas() -> None:
    assert within("fra", "eu") and within("fra", "any") and within("fra", "fra")
    assert within("iad", "usa") and within("iad", "na") and not within("yyz", "us")
    assert not within("unknown", "eu") and within("unknown", "any")
    assert not within("jnb", "af")  # no such area in fly-replay
