"""What docs/explanation/walkthrough.md says of round trips and prices is what the commands it names say."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.latency import kilometres, light_ms, load_latency
from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import Place, load_regions
from flyctl_orchestrator.placement.choose import suggest
from flyctl_orchestrator.placement.users import read_users
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.plan.bill.bill import Use, bill_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/explanation/walkthrough.md").read_text("utf-8")
REGIONS = load_regions()
TABLE = load_latency(REGIONS)
PRICES = load_prices()[0]


def place(code: str) -> Place:
    region = REGIONS.get(code)
    assert region is not None and region.at is not None
    return region.at


def test_singapore_to_tokyo() -> None:
    measured = round(TABLE.between(place("sin"), "nrt").ms)
    light = round(light_ms(kilometres(place("sin"), place("nrt"))))
    assert f"needs {light} ms from Singapore to Tokyo and back; what is measured is {measured} ms" in PAGE


def test_round_trips_to_virginia() -> None:
    assert f"three to four round trips of {TABLE.between(place('sin'), 'iad').ms:.0f} ms" in PAGE
    assert f"the region of the database and back: {TABLE.between(place('nrt'), 'iad').ms:.0f} ms from Tokyo" in PAGE


def test_what_each_region_buys_for_the_world() -> None:
    prices = dict.fromkeys(TABLE.codes, 1.0)
    six = suggest(read_users("world", REGIONS), TABLE, prices, most=6)
    one, two, three, four, five, last = (f"{choice.ms:.0f}" for choice in six.best)
    said = f"one {one} ms, two {two}, three\n{three}, four {four}, five {five}, six {last}; all open regions together"
    assert said in PAGE
    assert f"the best three regions give {three} ms, the best six {last} ms" in PAGE


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (Use(ipv4=1), "one dedicated IPv4: ${:.2f};"),
        (Use(), "without the address ${:.2f};"),
        (Use(hours=8), "asleep two thirds of the day ${:.2f} |"),
    ],
)
def test_the_bill_of_the_bundled_app(use: Use, says: str) -> None:
    project = load_project(ROOT, None, None, {})
    assert says.format(bill_of(project, use, PRICES, REGIONS).total) in PAGE
