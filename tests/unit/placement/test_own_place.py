"""Where a computer probably is, from files and variables that say its time zone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.catalog.zones import country_code, place_of_zone
from flyctl_orchestrator.placement.own_place import own_place

BOOK = load_regions()


def region(etc: Path, **variables: str) -> str | None:
    found = own_place(variables, etc)
    nearest = found.region(BOOK) if found else None
    return nearest.code if nearest else None


@pytest.mark.parametrize(
    ("zone", "code"),
    [
        ("Europe/Berlin", "fra"),
        ("Europe/Paris", "cdg"),
        ("Asia/Kolkata", "sin"),
        ("Asia/Calcutta", "sin"),
        ("US/Pacific", "lax"),
        ("America/New_York", "ewr"),
        ("America/Argentina/Buenos_Aires", "gru"),
        ("Australia/Melbourne", "syd"),
        (":Asia/Tokyo", "nrt"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "nrt"),
        (":/usr/share/zoneinfo/posix/Europe/London", "lhr"),
    ],
)
def test_the_variable(tmp_path: Path, zone: str, code: str) -> None:
    assert region(tmp_path, TZ=zone) == code


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/UTC", "EST5EDT", "GMT+3", "<+03>-3", "Mars/Olympus", "/etc/zone", ":", "\0"]
)
def test_zones_that_are_nowhere(tmp_path: Path, zone: str) -> None:
    assert region(tmp_path, TZ=zone) is None
    (tmp_path / "timezone").write_text(f"{zone}\n")
    assert region(tmp_path) is None


@pytest.mark.parametrize("place", ["/usr/share/zoneinfo", "/var/db/timezone/zoneinfo", "../usr/share/zoneinfo.default"])
def test_the_link(tmp_path: Path, place: str) -> None:
    (tmp_path / "localtime").symlink_to(f"{place}/Europe/Berlin")
    assert region(tmp_path) == "fra"


def test_the_file_with_the_name(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Singapore\n")
    # A copy of the zone's file has no name.
    (tmp_path / "localtime").write_bytes(b"TZif2")
    assert region(tmp_path) == "sin"


def test_the_first_that_says_something_counts(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Singapore\n")
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert region(tmp_path) == "fra"
    assert region(tmp_path, TZ="Asia/Tokyo") == "nrt"
    # Who sets this wants to be nowhere.
    assert region(tmp_path, TZ="UTC") is None


def test_a_computer_that_says_nothing(tmp_path: Path) -> None:
    assert region(tmp_path) is None
    (tmp_path / "timezone").mkdir()
    (tmp_path / "localtime").symlink_to("nowhere")
    assert region(tmp_path) is None


def test_the_tables() -> None:
    assert place_of_zone("Europe/Berlin") == (52.5, 13.4)
    assert place_of_zone("America/Argentina/Buenos_Aires") == (-34.6, -58.5)
    assert [country_code(name) for name in ("Germany", "DE", "uk", "Atlantis", "")] == ["de", "de", "gb", None, None]
    # Every country that has a region is one.
    assert {region.country for region in BOOK if country_code(region.country) is None} == set()
