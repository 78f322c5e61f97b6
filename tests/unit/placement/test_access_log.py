"""Users out of access logs: what names a country or an edge region is counted, and the rest is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.placement.access_log import LogUsers, read_log

REGIONS = load_regions()
COMMON = '203.0.113.9 - ada [30/Nov/2026:10:00:00 +0000] "GET /a?b="c" HTTP/1.1" 200 512'
COMMON_OK = '203.0.113.9 - ada [30/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 512'
COMBINED = COMMON_OK + ' "https://example.com/" "Mozilla/5.0 (X11; Linux) Chrome/1"'
MUTATED = settings(
    max_examples=int(os.environ.get("EXAMPLES") or 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def read(directory: Path, *lines: str, column: str | None = None) -> LogUsers:
    path = directory / "access.log"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return read_log(path, "access.log", REGIONS, column)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (COMMON_OK + " SG", "sg"),
        (COMBINED + ' "DE"', "de"),
        (COMBINED + ' 0.003 "us"', "us"),
        (COMBINED + " nrt", "nrt"),
        (json.dumps({"country": "BR"}), "br"),
        (json.dumps({"request": {"headers": {"Cf-Ipcountry": ["fr"]}}, "region": "iad"}), "fr"),
        (json.dumps({"headers": {"Fly-Region": "syd"}}), "syd"),
        (json.dumps({"request": {"headers": {"Fly-Region": ["syd"]}}}), "syd"),
        (json.dumps({"geo": {"country_code": "IN"}}), "in"),
    ],
)
def test_a_place_is_found(line: str, place: str, tmp_path: Path) -> None:
    assert read(tmp_path, line) == LogUsers({place: 1}, 0, 0)


@pytest.mark.parametrize(
    "line",
    [COMMON_OK, COMBINED, COMBINED + " 42", COMBINED + ' "XX"', json.dumps({"ip": "203.0.113.9"}), "{}",
     json.dumps({"region": "iad", "fly_region": "iad", "machine": {"FLY_REGION": "iad"}}), json.dumps({"country": 7})],
)  # fmt: skip
def test_a_request_without_a_place_is_counted_as_that(line: str, tmp_path: Path) -> None:
    found = read(tmp_path, line, COMMON_OK + " SG")
    assert (found.requests, found.unplaced, found.unreadable) == ({"sg": 1}, 1, 0)


@pytest.mark.parametrize("line", ["hello", COMMON, "{", "[1]", "{" * 3000, '{"a":' * 5000, "\x00", COMMON_OK[:60]])
def test_a_line_that_is_no_request_is_counted_as_that(line: str, tmp_path: Path) -> None:
    assert read(tmp_path, line, COMMON_OK + " SG").unreadable == 1


def test_the_column_can_be_named(tmp_path: Path) -> None:
    line = json.dumps({"country": "DE", "visitor": {"Land": "SG"}})
    assert read(tmp_path, line, column="land").requests == {"sg": 1}
    assert read(tmp_path, line, column="visitor.land").requests == {"sg": 1}


def test_users_are_shared_out_by_their_requests(tmp_path: Path) -> None:
    found = read(tmp_path, *[COMMON_OK + " SG"] * 3, COMMON_OK + " DE", COMMON_OK)
    users = found.users(REGIONS)
    assert list(found.requests) == ["sg", "de"]
    assert sum(some.share for some in users if some.where == "sg") == pytest.approx(0.75)
    assert sum(some.share for some in users) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("lines", "column", "says"),
    [
        ((), None, "access.log: is empty. Name an access log, or write --users"),
        (("x", "y"), None, "access.log: holds no request in the common or combined log format, and no JSON object a "
         "line (2 lines). Name an access log, or write --users"),
        ((COMBINED,), None, "access.log: of its requests (1) none names a country or a region of Fly.io; to place an "
         "address takes a geo database, and flyo has none. Log the country (such as CF-IPCountry) or the header "
         "Fly-Region as the last field, or write --users"),
        (('{"country": "DE"}',), "land", "none names a country or a region of Fly.io under 'land'; to place"),
    ],
)  # fmt: skip
def test_a_log_that_says_nothing_of_places_is_refused(
    lines: tuple[str, ...], column: str | None, says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, *lines, column=column)
    assert says in str(caught.value) and caught.value.code == "regions.log"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, says in ((tmp_path, "is no plain file"), (tmp_path / "none", "does not exist")):
        with pytest.raises(UsageError, match=says):
            read_log(path, "access.log", REGIONS)


_GOOD = "\n".join([COMBINED + " SG", json.dumps({"request": {"headers": {"Cf-Ipcountry": ["fr"]}}}), COMMON_OK])
_EDITS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 20), st.one_of(st.binary(max_size=5), st.sampled_from([b'"', b"{"]))),
    min_size=1,
    max_size=6,
)


@pytest.mark.timeout(0)
@MUTATED
@given(edits=_EDITS)
def test_any_log_is_read_or_refused(edits: list[tuple[int, int, bytes]], tmp_path: Path) -> None:
    data = _GOOD.encode()
    for start, length, new in edits:
        data = data[:start] + new + data[start + length :]
    path = tmp_path / "mutated.log"
    path.write_bytes(data)
    try:
        found = read_log(path, "mutated.log", REGIONS)
    except UsageError as error:
        assert str(error).isprintable() and error.code == "regions.log"
    else:
        assert sum(some.share for some in found.users(REGIONS)) == pytest.approx(1.0)
