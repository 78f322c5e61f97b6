"""Round trips of somebody's own: they count where they were measured, and what is no measurement is one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.latency import LatencyTable, load_latency
from flyctl_orchestrator.catalog.people import city
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.catalog.regions import read_own
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.placement.choose import slow_time_to, suggest, time_to
from flyctl_orchestrator.placement.own_round_trips import with_own
from flyctl_orchestrator.placement.users import read_users

REGIONS = load_regions()
TABLE = load_latency(REGIONS)
MUTATED = settings(
    max_examples=int(os.environ.get("EXAMPLES") or 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
GOOD_CSV = "from,to,ms,p95\n# measured in November\nSingapore,nrt,71,80\nSingapore,iad,230,\niad,fra,88,95\n"
GOOD_TOML = "[from.Singapore]\nnrt = [71, 80]\niad = 230\n\n[from.iad]\nfra = [88.0, 95]\n"


def table_of(text: str, path: Path) -> LatencyTable:
    path.write_text(text, "utf-8")
    return with_own(TABLE, read_own(path, path.name, REGIONS, TABLE))


def refusal(text: str, path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        table_of(text, path)
    assert caught.value.code in ("regions.rtt", "config.syntax")
    return str(caught.value)


@pytest.mark.parametrize(("name", "text"), [("own.csv", GOOD_CSV), ("own.toml", GOOD_TOML)])
def test_what_was_measured_counts_and_the_rest_stays(name: str, text: str, tmp_path: Path) -> None:
    table = table_of(text, tmp_path / name)
    singapore, virginia = city("Singapore"), REGIONS.require("iad", where="").at
    assert singapore and virginia
    assert (time_to(singapore, table, ["nrt"]), slow_time_to(singapore, table, ["nrt"])) == (71, 80)
    assert (table.between(singapore, "iad").ms, table.between(singapore, "iad").p95) == (230, None)
    assert slow_time_to(singapore, table, ["iad"]) == 230
    assert table.between(singapore, "fra") == TABLE.between(singapore, "fra").__class__(
        TABLE.between(singapore, "fra").ms, False, TABLE.between(singapore, "fra").p95
    )
    assert time_to(virginia, table, ["fra"]) == 88 != time_to(virginia, TABLE, ["fra"])
    assert table.own == 3


def test_a_region_that_is_slow_for_them_is_not_suggested_any_more(tmp_path: Path) -> None:
    users = read_users("Singapore", REGIONS)
    prices = dict.fromkeys(("sin", "nrt"), 1.0)
    assert suggest(users, TABLE, prices, most=1).best[0].regions == ("sin",)
    table = table_of("from,to,ms\nSingapore,sin,90\n", tmp_path / "own.csv")
    assert suggest(users, table, prices, most=1).best[0].regions == ("nrt",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "own.csv:1: does not begin with the names of its columns: from, to, ms and perhaps p95. Write lines"),
        ("from,to,ms\n", "own.csv: holds no round trips. Write lines"),
        ("from,to,ms,ms\nsin,nrt,1,2\n", "own.csv:1: does not begin with the names of its columns"),
        ("from,to,ms\nsin,nrt\n", "own.csv:2: '' is no time in milliseconds above 0 and up to 10,000"),
        ("from,to,ms\nsin,nrt,71,80\n", "own.csv:2: has 4 columns, and the head 3"),
        ("from,to,ms\nsin,nrt,fast\n", "own.csv:2: 'fast' is no time in milliseconds above 0 and up to 10,000"),
        ("from,to,ms\nsin,nrt,nan\n", "own.csv:2: 'nan' is no time"),
        ("from,to,ms\nsin,nrt,-3\n", "own.csv:2: '-3' is no time"),
        ("from,to,ms\nsin,nrt,7\n", "own.csv:2: 7 ms is faster than light, which needs 35.7 ms from sin to nrt and "
         "back. Check the unit and the way: milliseconds, there and back"),
        ("from,to,ms,p95\nsin,nrt,70,60\n", "own.csv:2: a P95 of 60 ms is below the median of 70 ms"),
        ("from,to,ms\nsin,mars,70\n", "own.csv:2: 'mars' is none of Fly.io's regions. Known are ams arn "),
        ("from,to,ms\nAtlantis,nrt,70\n", "own.csv:2: 'Atlantis' is no region and no city that is known"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_measurement_is_named(text: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(text, tmp_path / "own.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "own.toml: has no table [from.PLACE]"),
        ("from = 3", "own.toml: has no table [from.PLACE]"),
        ("[from]\nsin = 3", "own.toml: from.sin is no table of round trips"),
        ("[from.sin]\nnrt = [1, 2, 3]", "own.toml: from.sin.nrt: is not one time or two"),
        ("[from.sin]\nnrt = true", "own.toml: from.sin.nrt: 'True' is no time"),
        ("[from.sin]\nnrt = {}", "own.toml: from.sin.nrt: '{}' is no time"),
        ("[from.sin\n", "own.toml:1:10: is not valid TOML"),
    ],
)
def test_a_table_that_is_none_is_named(text: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(text, tmp_path / "own.toml")


_PIECES = st.sampled_from(
    ["from", ",", "\n", '"', "ms", "nrt", "[", "]", "=", "\x00", "é", "1e999", "-", "#", ".", "'"]
)
_EDITS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(0, 9), st.one_of(_PIECES, st.text(max_size=4))), max_size=5
)


@pytest.mark.timeout(0)
@MUTATED
@given(good=st.sampled_from([("own.csv", GOOD_CSV), ("own.toml", GOOD_TOML)]), edits=_EDITS)
def test_any_file_is_read_or_refused(good: tuple[str, str], edits: list[tuple[int, int, str]], tmp_path: Path) -> None:
    name, text = good
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        own = read_own(tmp_path / name, name, REGIONS, TABLE)
    except UsageError as error:
        assert str(error).isprintable()
    else:
        table = with_own(TABLE, own)
        assert all(0 < vantage.ms[code] < 11_000 for vantage in table.vantages for code in table.codes)
