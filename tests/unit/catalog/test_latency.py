"""Round trips: as measured where they were, never below light, and how far off the rest is."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.latency import (
    LatencyTable,
    fibre_ms,
    kilometres,
    light_ms,
    load_latency,
)
from flyctl_orchestrator.catalog.people import cells, city
from flyctl_orchestrator.catalog.regions import Place, load_regions
from flyctl_orchestrator.catalog.source import read_catalog
from flyctl_orchestrator.errors import UsageError

REGIONS = load_regions()
TABLE = load_latency(REGIONS)
latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)


def place(code: str) -> Place:
    region = REGIONS.get(code)
    assert region is not None and region.at is not None
    return region.at


def test_every_region_of_the_catalog_is_in_the_table() -> None:
    assert {region.code for region in REGIONS} == TABLE.codes


def test_between_measured_regions_the_table_says_what_was_measured() -> None:
    _, data = read_catalog("latency.toml", {})
    rows = {row["name"]: row["ms"] for row in data["place"]}
    beside = data["beside"]
    checked = 0
    for code, name in beside.items():
        for other in beside:
            if other != code:
                said = TABLE.between(place(code), other)
                assert said.measured and said.ms == pytest.approx(rows[name][other], rel=0.02)
                checked += 1
    assert checked == len(beside) * (len(beside) - 1) > 180


@pytest.mark.parametrize(("start", "code"), [("ewr", "iad"), ("iad", "ewr"), ("lax", "fra"), ("nrt", "dfw")])
def test_what_was_not_measured_says_so(start: str, code: str) -> None:
    assert not TABLE.between(place(start), code).measured


@settings(deadline=None)
@given(latitudes, longitudes, st.sampled_from(sorted(TABLE.codes)))
def test_nothing_is_faster_than_light(latitude: float, longitude: float, code: str) -> None:
    at = (latitude, longitude)
    assert TABLE.between(at, code).ms >= light_ms(kilometres(at, place(code))) - 1e-9


def test_a_place_left_out_is_computed_within_the_error_that_is_documented() -> None:
    off = sorted(_errors(TABLE))
    assert len(off) > 600
    assert statistics.median(off) < 0.06
    assert off[int(0.9 * len(off))] < 0.33


def _errors(table: LatencyTable) -> list[float]:
    """How far off each measured pair is when its place is not in the table, as a share of the measurement."""
    off = []
    measured = [vantage for vantage in table.vantages if vantage.measured]
    for left_out in measured:
        near = min((other for other in measured if other is not left_out), key=lambda o: kilometres(left_out.at, o.at))
        way = fibre_ms(kilometres(left_out.at, near.at))
        for code in left_out.measured - {left_out.name, near.name}:
            off.append(abs((near.ms[code] + way) / left_out.ms[code] - 1))
    return off


def test_new_york_is_near_newark_and_tokyo_is_far() -> None:
    new_york = city("New York City")
    assert new_york is not None
    times = {code: TABLE.between(new_york, code).ms for code in TABLE.codes}
    assert min(times, key=lambda code: times[code]) == "ewr"
    assert times["ewr"] < 5 < times["iad"] < 15 < 140 < times["nrt"]


def test_the_people_of_the_world_are_those_of_its_cities() -> None:
    assert sum(cell.people for cell in cells()) == pytest.approx(3.93e9, rel=0.01)
    assert {"de", "us", "in", "br", "ng"} <= {cell.country for cell in cells()}
    assert all(-90 <= cell.at[0] <= 90 and -180 <= cell.at[1] <= 180 for cell in cells())


def test_a_city_is_found_without_its_accents() -> None:
    assert city("sao paulo") == city("São Paulo") != city("Springfield of Nowhere")
    assert city("nowhere at all") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "beside = 3",
        'captured_on = 2026-01-01\nsource = ""\nplace = []\n[beside]\niad = "A"\n',
        'captured_on = 2026-01-01\nsource = ""\n[beside]\niad = "A"\n'
        '[[place]]\nname = "B"\nat = [1.0]\nms = { iad = 3 }\n',
        'captured_on = 2026-01-01\nsource = ""\n[beside]\niad = "A"\n'
        '[[place]]\nname = "B"\nat = [1.0, 2.0]\nms = { fra = 3 }\n',
        'captured_on = 2026-01-01\nsource = ""\n[beside]\n[nearest]\newr = "B"\n'
        '[[place]]\nname = "A"\nat = [1.0, 2.0]\nms = {}\n',
        'captured_on = 2026-01-01\nsource = ""\n[beside]\niad = "A"\n'
        '[[place]]\nname = "B"\nat = [1.0, 2.0]\nms = { iad = nan }\n',
        'captured_on = 2026-01-01\nsource = ""\n[beside]\niad = "A"\n'
        '[[place]]\nname = "B"\nat = [1.0, 2.0]\nms = { iad = -4 }\n',
    ],
)
def test_a_broken_table_of_the_users_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "latency.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_latency(REGIONS, {"FLYO_CATALOG_DIR": str(tmp_path)})
    assert (caught.value.code, caught.value.where) == ("catalog", str(tmp_path / "latency.toml"))
