from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.project.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("2m", 120),
        ("1m30s", 90),
        ("500ms", 0.5),
        ("1h", 3600),
        ("1.5s", 1.5),
        ("250us", 0.00025),
        ("0s", 0),
        ("45", 45),
        (45, 45),
        (0, 0),
        (2.5, 2.5),
    ],
)
def test_reads_what_people_write(written: object, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    ["", "s", "1 s", "-1s", "1d", "2m and a bit", True, -1, float("nan"), float("inf"), 10**400, None, [], "٣s"],
)
def test_refuses_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="a duration"):
        parse_duration(written)


def test_a_bare_number_counts_the_unit_of_its_key() -> None:
    assert parse_duration(1500, number_unit="ms") == 1.5


@given(st.integers(min_value=0, max_value=10**8))
def test_what_is_formatted_reads_back(microseconds: int) -> None:
    assert parse_duration(format_duration(microseconds / 1e6)) == pytest.approx(microseconds / 1e6)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90s"), (120, "2m"), (0.5, "500ms"), (3600, "1h"), (0, "0s"), (2e-6, "0.002ms"), (1.23456, "1234.56ms")],
)
def test_formats_in_the_plainest_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
