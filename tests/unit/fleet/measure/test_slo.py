"""Limits: how they are read, and how what was measured is held against them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.measure.percentile import Latencies
from flyctl_orchestrator.fleet.measure.slo import NAMES, Limit, parse_limit

MIXED = Latencies.of([0.1, 0.2, 0.3, None])


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("p95=200ms", Limit("p95", 0.2)),
        ("p50=1", Limit("p50", 1.0)),
        ("p99=1m30s", Limit("p99", 90.0)),
        ("errors=0.5%", Limit("errors", 0.005)),
        ("errors=100%", Limit("errors", 1.0)),
        (" cold=3s ", Limit("cold", 3.0)),
    ],
)
def test_what_is_written_is_read(text: str, limit: Limit) -> None:
    assert parse_limit(text, where="--slo") == limit
    assert parse_limit(limit.text, where="--slo") == limit


@pytest.mark.parametrize("text", ["", "p95", "p95=", "p90=1s", "errors=1", "errors=101%", "errors=-1%", "cold=soon"])
def test_anything_else_says_what_a_limit_looks_like(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_limit(text, where="--slo")
    assert str(raised.value) == (
        f"--slo: '{text}' is no limit. Write e.g. p50=80ms, p95=200ms, p99=1s, errors=1% or cold=3s"
    )
    assert raised.value.code == "probe.slo_syntax"


@pytest.mark.parametrize(
    ("limit", "value", "shown", "typed"),
    [
        (Limit("p50", 0.2), 0.2004, "200.4ms", "p50=200ms"),
        (Limit("p50", 0.2), 0.2014, "201ms", "p50=200ms"),
        (Limit("p50", 1e-6), 0.0004, "0.4ms", "p50=0.001ms"),
        (Limit("cold", 3.0), math.inf, "failed", "cold=3s"),
        (Limit("errors", 0.333), 1 / 3, "33.3333 %", "errors=33.3%"),
        (Limit("errors", 0.5), 1 / 3, "33.3 %", "errors=50%"),
        (Limit("errors", 0.5), 0.0, "0 %", "errors=50%"),
    ],
)
def test_a_missed_limit_never_looks_kept(limit: Limit, value: float, shown: str, typed: str) -> None:
    assert (limit.shown(value), limit.text) == (shown, typed)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        assert parse_limit(text, where="--slo").name in NAMES
    except UsageError as error:
        assert str(error).isprintable() or error.code == "probe.slo_syntax"


def test_a_limit_is_met_at_its_value_and_missed_above() -> None:
    for limit, cold, verdict in (
        (Limit("p50", 0.2), None, "met"),
        (Limit("p50", 0.199), None, "missed"),
        (Limit("p95", 1e9), None, "missed"),  # falls on the request that failed
        (Limit("errors", 0.25), None, "met"),
        (Limit("errors", 0.24), None, "missed"),
        (Limit("cold", 3.0), 3.0, "met"),
        (Limit("cold", 3.0), math.inf, "missed"),
        (Limit("cold", 3.0), None, "unknown"),
    ):
        assert limit.judge(limit.value(MIXED, cold)) == verdict, limit
    assert Limit("p50", 1.0).judge(Limit("p50", 1.0).value(Latencies(), None)) == "unknown"
