"""Strength: a number between 0 and 1 that grows and shrinks slowly."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habit_app.schedule import Schedule, times_a_week
from habit_app.strength import strength

TODAY = date(2026, 1, 30)
DAILY = Schedule()
DAYS = st.sets(st.integers(0, 120).map(lambda back: TODAY - timedelta(days=back)))


def last(count: int, until: date = TODAY) -> set[date]:
    return {until - timedelta(days=back) for back in range(count)}


@pytest.mark.parametrize(("days", "found"), [(0, 0.0), (13, 0.5), (26, 0.75), (39, 0.875)])
def test_half_of_what_is_missing_is_gained_in_thirteen_days(days: int, found: float) -> None:
    assert strength(DAILY, last(days), (), TODAY) == pytest.approx(found)


def test_one_miss_costs_little_and_today_is_not_missed_yet() -> None:
    whole = strength(DAILY, last(60, TODAY - timedelta(days=1)), (), TODAY)
    assert strength(DAILY, last(61), (), TODAY) > whole
    gap = last(61) - {TODAY - timedelta(days=10)}
    assert 0.9 < strength(DAILY, gap, (), TODAY) / strength(DAILY, last(61), (), TODAY) < 1


def test_a_skipped_day_changes_nothing() -> None:
    gap = TODAY - timedelta(days=10)
    done = last(30) - {gap}
    assert strength(DAILY, done, {gap}, TODAY) > strength(DAILY, done, (), TODAY)


def test_twice_a_week_is_whole_when_it_is_done_twice_a_week() -> None:
    twice = {day for day in last(365) if day.weekday() in (0, 3)}
    assert strength(times_a_week(2), twice, (), TODAY) > 0.99
    assert strength(times_a_week(4), twice, (), TODAY) == pytest.approx(0.5, abs=0.05)


@given(done=DAYS, skipped=DAYS, times=st.integers(1, 7))
def test_it_is_never_out_of_bounds_and_never_less_for_doing_it(done: set[date], skipped: set[date], times: int) -> None:
    assert 0 <= strength(times_a_week(times), done, skipped, TODAY) <= 1
    found = strength(DAILY, done, skipped, TODAY)
    assert 0 <= found <= strength(DAILY, done | {TODAY}, skipped, TODAY) <= 1
