"""The section that bench/regions.py writes: its figures, and its place on the page."""

from __future__ import annotations

from pathlib import Path

from bench.regions import CLIENTS, LAYOUTS, Times
from bench.regions_day import Day
from bench.regions_page import HEAD, p50, p95, page, round_trip, slow_round_trip, write_into

DAYS = dict.fromkeys(("far", "primary, SQLite", "primary, Postgres"), Day(0.975, 0.98))


def seen(client: str, layout: tuple[str, ...]) -> Times:
    by = min(layout, key=lambda region: round_trip(client, region))
    near = slow_round_trip(client, by)
    cold = [] if by == "iad" else [near + 300]
    home = 0.0 if by == "iad" else slow_round_trip(client, "iad")
    return Times(by, [near + 4] * 20, [near + 90] * 20, cold, cold, [near + home + 9] * 20)


def test_every_figure_is_in_the_section() -> None:
    found = {layout: {client: seen(client, layout) for client in CLIENTS} for layout in LAYOUTS}
    text = page(found, DAYS, 0.3)
    rows = [line for line in text.splitlines() if line.split("|")[1:2] and line.split("|")[1].strip() in CLIENTS]
    assert len(rows) == len(CLIENTS) * len(LAYOUTS)
    assert "| sin | nrt | 73 | 36 |" in text and "| sin | sin | 1 | 0 | 5 / 5 | 91 / 91 | 301 / 301 |" in text
    assert "the round trip's P95 + 10 ms | + 4 ms at most" in text
    assert "its legs' P95 + 25 ms | + 9 ms at most" in text
    assert "| 97.5 % alone, 98 % of 25 with SQLite;" in text
    assert max(map(len, text.splitlines())) <= 160


def test_the_percentiles_are_times_that_were_measured() -> None:
    assert (p50([3.0, 1.0, 2.0]), p95([float(n) for n in range(1, 21)]), p95([7.0])) == (2.0, 19.0, 7.0)


def test_a_new_section_replaces_the_old_one(tmp_path: Path) -> None:
    figures = tmp_path / "figures.md"
    figures.write_text("# Figures\n\n## All of them again\n\nend\n")
    write_into(figures, f"{HEAD}\n\nold")
    write_into(figures, f"{HEAD}\n\nnew")
    assert figures.read_text() == f"# Figures\n\n{HEAD}\n\nnew\n\n## All of them again\n\nend\n"
