"""Schedules, and how they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habit_app.schedule import BadSchedule, Schedule, on_weekdays, parse, times_a_week


@given(st.sets(st.integers(0, 6), min_size=1))
def test_weekdays_survive_storing(chosen: set[int]) -> None:
    schedule = on_weekdays(list(chosen))
    assert parse(schedule.store()) == schedule
    assert (schedule == Schedule()) == (len(chosen) == 7)


@given(st.integers(1, 7))
def test_times_a_week_survive_storing(times: int) -> None:
    assert parse(times_a_week(times).store()) == times_a_week(times)


def test_every_day_survives_storing() -> None:
    assert parse(Schedule().store()) == Schedule()


@pytest.mark.parametrize("text", ["", "days:", "days:9", "week:", "week:0", "week:8", "week:x", "hourly", "daily:1"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse(text)


def test_labels() -> None:
    assert Schedule().label() == "Every day"
    assert on_weekdays([4, 0]).label() == "Mon, Fri"
    assert times_a_week(1).label() == "Once a week"
    assert times_a_week(3).label() == "3 times a week"
