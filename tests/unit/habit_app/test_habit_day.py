"""A day of 40 page loads and 6 ticks: how many of the loads ask nobody."""

from __future__ import annotations

import pytest

from bench.regions_day import LOADS, day_of


def test_in_the_primary_region_a_file_is_read_for_the_first_page_alone() -> None:
    day = day_of("primary, SQLite")
    assert day.alone == pytest.approx(1 - 1 / LOADS)
    assert day.crowd >= 0.95


def test_with_others_about_a_postgres_that_may_sleep_is_no_worse() -> None:
    day = day_of("primary, Postgres")
    assert day.crowd >= 0.95
    assert day.alone == pytest.approx(0.2), "docs/explanation/walkthrough.md says so"


def test_a_far_region_asks_after_each_tick_and_when_the_page_is_too_old() -> None:
    day = day_of("far")
    assert 0 < day.alone < day.crowd < 1 - 6 / (LOADS * 2)
