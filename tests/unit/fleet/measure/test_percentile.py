"""Percentiles hold to their definition, whatever the times are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.fleet.measure.percentile import Latencies

times = st.lists(st.none() | st.floats(0, 1e6), max_size=300)


@given(times, st.integers(1, 100))
def test_it_is_the_smallest_time_that_so_many_requests_kept_to(given_times: list[float | None], p: int) -> None:
    found = Latencies.of(given_times).percentile(p)
    as_slow = [math.inf if each is None else each for each in given_times]
    if not as_slow:
        assert found is None
        return
    assert found is not None and found in as_slow
    within = sum(each <= found for each in as_slow)
    below = sum(each < found for each in as_slow)
    assert within * 100 >= p * len(as_slow)
    assert below * 100 < p * len(as_slow)


@given(times)
def test_percentiles_never_fall(given_times: list[float | None]) -> None:
    latencies = Latencies.of(given_times)
    found = [latencies.percentile(p) for p in range(1, 101)]
    if latencies.requests:
        assert found == sorted(each for each in found if each is not None)


def test_known_rows() -> None:
    hundred = Latencies.of(float(each) for each in range(100, 0, -1))
    assert [hundred.percentile(p) for p in (50, 95, 99, 100)] == [50.0, 95.0, 99.0, 100.0]
    assert [Latencies.of([3.0, 1.0, 2.0]).percentile(p) for p in (1, 33, 34, 50, 67, 99)] == [1, 1, 2, 2, 3, 3]
    one_failed = Latencies.of([0.1] * 19 + [None])
    assert (one_failed.percentile(95), one_failed.percentile(99)) == (0.1, math.inf)
    assert (one_failed.requests, one_failed.errors, one_failed.error_share) == (20, 1, 0.05)
    assert (Latencies().percentile(50), Latencies().error_share) == (None, None)


@pytest.mark.parametrize("wrong", [-1.0, math.inf, math.nan])
def test_what_is_no_time_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="finite number"):
        Latencies.of([wrong])


@pytest.mark.parametrize("wrong", [0, 101, -5])
def test_what_is_no_percentile_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 100"):
        Latencies.of([1.0]).percentile(wrong)
