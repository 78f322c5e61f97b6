"""Durations, times, sizes and JSON come out as Go writes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.local.stand_in.go_values import (
    dump_json,
    format_duration,
    format_time,
    parse_duration,
    parse_size,
)

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("15s", "15s"),
        ("60s", "1m0s"),
        ("90m", "1h30m0s"),
        ("1.5s", "1.5s"),
        ("250ms", "250ms"),
        ("1500us", "1.5ms"),
        ("0", "0s"),
        ("-2s", "-2s"),
        ("2h45m30.5s", "2h45m30.5s"),
    ],
)
def test_a_duration_is_shown_in_one_spelling(written: str, shown: str) -> None:
    assert format_duration(parse_duration(written)) == shown


@pytest.mark.parametrize("text", ["", "10", "s", "5 s", "1d", "1m2", "--1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time: "):
        parse_duration(text)


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**15), 10**15))
def test_every_duration_survives_being_written_and_read(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("given_time", "shown"),
    [
        ("2027-01-15T08:00:00.250000Z", "2027-01-15T08:00:00.25Z"),
        ("2027-01-15T08:00:00.000Z", "2027-01-15T08:00:00Z"),
        ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z"),
        ("2027-01-15T08:00:10Z", "2027-01-15T08:00:10Z"),
        ("2027-01-15T08:00:00.100+02:00", "2027-01-15T08:00:00.1+02:00"),
    ],
)
def test_a_time_loses_the_zeros_of_its_fraction(given_time: str, shown: str) -> None:
    assert format_time(given_time) == shown


@pytest.mark.parametrize(
    ("text", "mebibytes"), [("512", 512), ("512mb", 512), ("1gb", 1024), ("1GiB", 1024), ("2 GB", 2048), ("1.5g", 1536)]
)
def test_memory_is_read_in_mebibytes(text: str, mebibytes: int) -> None:
    assert parse_size(text, unit=1024 * 1024, binary=True) == mebibytes


@pytest.mark.parametrize(("text", "gigabytes"), [("1", 1), ("1gb", 1), ("500mb", 0), ("2TB", 2000)])
def test_volumes_are_read_in_gigabytes(text: str, gigabytes: int) -> None:
    assert parse_size(text, unit=1_000_000_000, binary=False) == gigabytes


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="lots"):
        parse_size("lots", unit=1, binary=True)


def test_json_is_indented_by_four_and_safe_inside_html() -> None:
    assert dump_json({"a": ["<b> & ü"], "c": {}}) == (
        '{\n    "a": [\n        "\\u003cb\\u003e \\u0026 ü"\n    ],\n    "c": {}\n}'
    )
