"""What the habit app's measurements write: their figures beside the aims, and their place on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.aims import PAGE, Row, table, write_section
from bench.habit_app import HEADING as ONE_CORE
from bench.habit_limits import HEADING as LIMITS
from bench.habit_promises import HEADING as PROMISES
from bench.habit_servers import HEADING as SERVER
from bench.regions import CLIENTS, LAYOUTS, Times
from bench.regions_day import Day
from bench.regions_page import HEADING, aims, p50, p95, page, round_trip, slow_round_trip

DAYS = dict.fromkeys(("far", "primary, SQLite", "primary, Postgres"), Day(0.975, 0.98))


def seen(client: str, layout: tuple[str, ...]) -> Times:
    by = min(layout, key=lambda region: round_trip(client, region))
    near = slow_round_trip(client, by)
    cold = [] if by == "iad" else [near + 300]
    home = 0.0 if by == "iad" else slow_round_trip(client, "iad")
    return Times(
        by, [near + 4] * 20, [near + 90] * 20, cold, cold, cold, [near + home + 9] * 20, 0 if by == "iad" else 100, 0
    )


def test_every_figure_is_in_the_section() -> None:
    found = {layout: {client: seen(client, layout) for client in CLIENTS} for layout in LAYOUTS}
    text = page(found, DAYS, 0.3)
    rows = [line for line in text.splitlines() if line.split("|")[1:2] and line.split("|")[1].strip() in CLIENTS]
    assert len(rows) == len(CLIENTS) * len(LAYOUTS)
    assert (
        "| sin | nrt | 73 | 36 |" in text and "| sin | sin | 1 | 0 | 5 / 5 | 91 / 91 | 301 / 301 | 301 / 301 |" in text
    )
    assert "97.5 % alone, 98 % of 25 with SQLite" in text
    named = {row.what: row for row in aims(found, DAYS)}
    assert named["cached read, P95, above its round trip's P95"].found == pytest.approx(4)
    assert named["replayed write, P95, above its legs' P95"].found == pytest.approx(9)
    assert named["page loads without SQL, primary region"].found == 97.5
    assert named["page loads without SQL, far regions"].met
    assert named["page loads without SQL, far regions"].note == "of 1,000 counted there"


def test_a_far_page_that_ran_sql_is_a_missed_aim() -> None:
    found = {layout: {client: seen(client, layout) for client in CLIENTS} for layout in LAYOUTS}
    found[LAYOUTS[1]]["nrt"].sql = 1
    (row,) = (row for row in aims(found, DAYS) if row.what == "page loads without SQL, far regions")
    assert not row.met and row.found < 100


def test_the_percentiles_are_times_that_were_measured() -> None:
    assert (p50([3.0, 1.0, 2.0]), p95([float(n) for n in range(1, 21)]), p95([7.0])) == (2.0, 19.0, 7.0)


def test_a_row_says_the_aim_the_figure_and_their_ratio() -> None:
    rows = [Row("pages", 800, 1234.5, "/s", True), Row("wait", 100, 250, " ms", note="longest"), Row("lost", 0, 0)]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table(rows).splitlines()]
    assert cells[2:] == [
        ["pages", "at least 800/s", "1,234/s", "1.54", "met"],
        ["wait", "at most 100 ms", "250 ms, longest", "2.50", "missed"],
        ["lost", "at most 0", "0", "-", "met"],
    ]


def test_a_new_section_replaces_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Figures\n\n## One\n\nold\n\n### Part\n\nold\n\n## Two\n\nend\n")
    write_section(page, "## One", "new\n")
    assert page.read_text() == "# Figures\n\n## One\n\nnew\n\n## Two\n\nend\n"
    write_section(page, "## Two", "last")
    assert page.read_text() == "# Figures\n\n## One\n\nnew\n\n## Two\n\nlast\n"
    with pytest.raises(ValueError, match="no heading '## Three'"):
        write_section(page, "## Three", "")


def test_the_page_has_a_place_for_each_measurement() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    assert {ONE_CORE, LIMITS, HEADING, PROMISES, SERVER} <= set(lines)
