"""The user's date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habit_app.days import in_window, is_zone, local_date, window, zone_names


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("Pacific/Kiritimati", date(2026, 1, 31)), ("UTC", date(2026, 1, 30)), ("Pacific/Pago_Pago", date(2026, 1, 29))],
)
def test_three_dates_exist_at_once(zone: str, expected: date) -> None:
    assert local_date(datetime(2026, 1, 30, 10, 30, tzinfo=UTC), zone, 0) == expected


def test_a_morning_in_tokyo_is_not_yesterday() -> None:
    assert local_date(datetime(2026, 1, 29, 23, 0, tzinfo=UTC), "Asia/Tokyo", 0) == date(2026, 1, 30)


def test_an_evening_in_new_york_is_not_tomorrow() -> None:
    assert local_date(datetime(2026, 1, 31, 1, 0, tzinfo=UTC), "America/New_York", 0) == date(2026, 1, 30)


def test_a_night_owls_day_ends_later() -> None:
    two_at_night = datetime(2026, 1, 30, 1, 0, tzinfo=UTC)
    assert local_date(two_at_night, "Europe/Berlin", 3) == date(2026, 1, 29)
    assert local_date(two_at_night + timedelta(hours=1), "Europe/Berlin", 3) == date(2026, 1, 30)


@pytest.mark.parametrize("instant", [datetime(2026, 3, 29, 0, 30), datetime(2026, 3, 29, 1, 30)])
def test_the_start_of_the_day_is_by_the_wall_clock_when_an_hour_is_missing(instant: datetime) -> None:
    # Berlin, 01:30 and then 03:30 on the morning the clocks jump; the day starts at 3.
    expected = date(2026, 3, 28) if instant.hour == 0 else date(2026, 3, 29)
    assert local_date(instant.replace(tzinfo=UTC), "Europe/Berlin", 3) == expected


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(zone_names()), st.integers(0, 6))
def test_a_date_never_goes_back_and_never_skips(instant: datetime, zone: str, day_start: int) -> None:
    # Two places have moved across the date line, or rather the line across them, and skipped a day: not in these years.
    now = instant.replace(tzinfo=UTC)
    later = local_date(now + timedelta(hours=2), zone, day_start) - local_date(now, zone, day_start)
    assert timedelta(0) <= later <= timedelta(days=1)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-5, 40))
def test_what_is_shown_is_what_can_be_ticked(today: date, back: int) -> None:
    shown = window(today)
    day = today - timedelta(days=back)
    assert len(shown) == 30
    assert shown[-1] == today
    assert in_window(day, today) == (day in shown)


def test_zones() -> None:
    assert is_zone("UTC")
    assert is_zone("Europe/Berlin")
    assert not is_zone("Mars/Olympus")
    assert not is_zone("../../etc/passwd")
