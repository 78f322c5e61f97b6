"""Times and distances between regions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.proxy.geography import distance_km, within
from flyctl_orchestrator.local.proxy.latency import UNKNOWN_REGION_MS, light_ms, median_ms, sample_ms, table

codes = st.sampled_from(sorted(REGIONS))


@given(codes, codes, st.integers())
def test_nothing_is_faster_than_light(one: str, other: str, seed: int) -> None:
    assert median_ms(one, other) >= light_ms(one, other)
    assert sample_ms(one, other, Random(seed)) >= light_ms(one, other)
    assert median_ms(one, other) == median_ms(other, one)


def test_published_figures_are_used() -> None:
    assert median_ms("nrt", "iad") == 148
    assert median_ms("sin", "nrt") == 70
    assert median_ms("iad", "iad") == 1.0
    assert light_ms("sin", "nrt") == pytest.approx(35.5, abs=0.5)


def test_every_published_figure_is_physically_possible_between_known_regions() -> None:
    for pair, value in table().items():
        one, other = sorted(pair)
        distance = distance_km(one, other)
        assert distance is not None and value >= 2 * distance / 199.86, pair


def test_the_formula_fills_the_gaps() -> None:
    assert 150 < median_ms("lhr", "nrt") < 260  # 9,600 km
    assert median_ms("iad", "ewr") < 20
    assert median_ms("iad", "xxx") == UNKNOWN_REGION_MS


def test_jitter_is_small_and_centred() -> None:
    random = Random(11)
    samples = sorted(sample_ms("iad", "fra", random) for _ in range(2001))
    assert samples[1000] == pytest.approx(88, rel=0.01)
    assert samples[1900] == pytest.approx(88 * 1.086, rel=0.02)


def test_areas() -> None:
    assert within("fra", "eu") and within("fra", "any") and within("fra", "fra")
    assert within("iad", "usa") and within("iad", "na") and not within("yyz", "us")
    assert not within("unknown", "eu") and within("unknown", "any")
    assert not within("jnb", "af")  # no such area in fly-replay
