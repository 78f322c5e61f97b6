"""Verdicts in words: the numbers in them are true, and rounded to the safe side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.rollout.gate.latency import Pair
from flyctl_orchestrator.rollout.gate.sentences import accepted, percent, refused, slowed


def test_a_pass_says_what_it_rests_on() -> None:
    assert accepted(40, 40) == "40 of 40 good: error rate below 7.3 % (95 %)"
    assert accepted(238, 240) == "238 of 240 good: error rate below 2.6 % (95 %)"
    assert accepted(0, 0) == ""


def test_a_refusal_says_what_was_wrong_and_how_it_was_before() -> None:
    wrong = {"/": {"404": 1, "500": 4, "no answer": 4}, "/up": {}, "/login": {"over 900 ms": 2}}
    assert refused(20, wrong, 1, 60) == (
        "11 of 20 answers were errors (/: 4 x 500, 4 x no answer, 1 x 404; /login: 2 x over 900 ms), "
        "before the change 1 of 60: error rate above 34 % (95 %)"
    )


def test_a_refusal_without_a_before_does_not_speak_of_one() -> None:
    assert (
        refused(3, {"/": {"500": 3}}, 0, 0) == "3 of 3 answers were errors (/: 3 x 500): error rate above 36 % (95 %)"
    )


def test_slowness_is_said_in_milliseconds() -> None:
    pair = Pair([0.1, 0.12, 0.14], [0.34, 0.35, 0.36, 0.5])
    assert slowed("/", "nrt", pair) == ("/ took 355 ms in nrt, 120 ms before the change (medians of 4 and 3 answers)")


@pytest.mark.parametrize(
    ("share", "up", "down"),
    [
        (0.0, "0 %", "0 %"),
        (0.0004, "0.1 %", "0 %"),
        (0.05, "5 %", "5 %"),
        (0.0722, "7.3 %", "7.2 %"),
        (0.0999, "10 %", "9.9 %"),
        (0.1, "10 %", "10 %"),
        (0.3415, "35 %", "34 %"),
        (1.0, "100 %", "100 %"),
    ],
)
def test_shares_are_rounded_to_the_safe_side(share: float, up: str, down: str) -> None:
    assert percent(share, up=True) == up
    assert percent(share, up=False) == down


@given(st.floats(0, 1))
def test_rounding_never_promises_more_than_is_true(share: float) -> None:
    up, down = (float(percent(share, up=way).removesuffix(" %")) / 100 for way in (True, False))
    assert down - 1e-8 <= share <= up + 1e-8
    assert up - down < (0.0011 if share < 0.1 else 0.0101)
