from __future__ import annotations

from collections.abc import Sequence

import pytest

from flyctl_orchestrator.report.line import Span
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render, shortened, width_of
from tests.unit.report.report_doubles import ASCII, COLOUR, PLAIN

COLUMNS = [Column("region"), Column("state", flexible=True), Column("latency", align="right")]
ROWS = [["iad", "started", "3 ms"], ["nrt", "1 started, 2 suspended", "1.2 s"]]


def drawn(columns: Sequence[Column], rows: Sequence[Row], style: Style, width: int | None = None) -> list[str]:
    return [style.characters(line) for line in render(columns, rows, style, width)]


def test_columns_are_aligned_and_lines_do_not_trail_spaces() -> None:
    assert drawn(COLUMNS, ROWS, PLAIN) == [
        "region  state                   latency",
        "iad     started                    3 ms",
        "nrt     1 started, 2 suspended    1.2 s",
    ]


def test_a_narrow_terminal_shortens_what_may_be_shortened() -> None:
    assert drawn(COLUMNS, ROWS, PLAIN, width=30) == [
        "region  state          latency",
        "iad     started           3 ms",
        "nrt     1 started, 2…    1.2 s",
    ]


def test_what_may_not_be_shortened_stays_whole_whatever_the_width() -> None:
    lines = drawn(COLUMNS, ROWS, PLAIN, width=5)
    assert lines[1].split()[0] == "iad"
    assert lines[1].endswith("3 ms")


def test_colours_do_not_disturb_the_columns() -> None:
    lines = drawn(COLUMNS, [["iad", Span("started", "good"), "3 ms"]], COLOUR)
    assert lines[1] == "iad     \x1b[32mstarted\x1b[0m     3 ms"


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0)])
def test_wide_and_combining_characters(text: str, columns: int) -> None:
    assert width_of(text) == columns


def test_shortening_counts_columns_and_marks_the_cut() -> None:
    assert shortened("東京都", 5, PLAIN) == "東京…"
    assert shortened("abcdef", 5, ASCII) == "ab..."
    assert shortened("abc", 3, PLAIN) == "abc"


def test_without_unicode_nothing_beyond_ascii_is_written() -> None:
    (_, line) = drawn([Column("a")], [["✓ São → …"]], ASCII)
    assert line == "ok S?o -> ..."


def test_columns_that_may_leave_do_so_one_by_one_when_shortening_is_not_enough() -> None:
    columns = [Column("region"), Column("image", flexible=True, leaves=2), Column("release", leaves=1), Column("state")]
    rows = [["iad", "0123456789ab", "v12", "started"]]
    assert drawn(columns, rows, PLAIN, width=34)[0].split() == ["region", "image", "release", "state"]
    assert drawn(columns, rows, PLAIN, width=31)[0].split() == ["region", "release", "state"]
    assert drawn(columns, rows, PLAIN, width=16)[0].split() == ["region", "state"]
    assert drawn(columns, rows, PLAIN, width=3)[0].split() == ["region", "state"]
    assert drawn(columns, rows, PLAIN)[0].split() == ["region", "image", "release", "state"]


def test_read_aloud_each_value_has_its_title_and_nothing_is_cut() -> None:
    columns = [Column("region"), Column("image", flexible=True), Column(""), Column("latency", "right", leaves=1)]
    rows = [["iad", "a-very-long-image-name", "new", "3 ms"], ["fra", "-", "", "-"]]
    lines = [str(line) for line in render(columns, rows, Style(unicode=True, spoken=True), 20)]
    assert lines == ["region: iad, image: a-very-long-image-name, new, latency: 3 ms", "region: fra"]
