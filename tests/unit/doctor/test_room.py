"""Regions that are not offered, and regions without room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.room import Need, check_offered, check_room, room_unknown
from flyctl_orchestrator.fleet.regions.api import Offered

BOOK = load_regions()
OFFERED = {code: Offered(code) for code in ("iad", "fra", "nrt")}
NEED = Need("nrt", "app", "shared-cpu-1x with 512 MB", new=2, room=1)


def of_room() -> list[Finding]:
    """Each finding about regions once."""
    offered = OFFERED | {"fra": Offered("fra", closing=True), "nrt": Offered("nrt", paid=True)}
    needs = [NEED, replace(NEED, new=0, room=0)]
    return [
        *check_offered("fly.toml", ["iad", "fra", "nrt", "gru"], offered, BOOK),
        *check_room("fly.toml", needs, BOOK),
        room_unknown("fly.toml", "the platform does not say (status 501)"),
    ]


def test_regions_that_are_offered_have_nothing_wrong() -> None:
    assert list(check_offered("fly.toml", OFFERED, OFFERED, BOOK)) == []


def test_what_the_files_say_of_a_region_is_not_said_again() -> None:
    known = replace(BOOK, regions=tuple(replace(each, deprecated=each.code == "fra") for each in BOOK))
    closing = {"fra": Offered("fra", closing=True)}
    assert list(check_offered("fly.toml", ["fra"], closing, known)) == []


@pytest.mark.parametrize(
    ("new", "room", "severity"),
    [
        (2, 2, None),
        (2, 1000, None),
        (2, 1, "warning"),
        (1, 0, "warning"),
        (0, 1, None),
        (0, 0, "info"),
    ],
)
def test_room_for_what_is_still_to_be_made(new: int, room: int, severity: str | None) -> None:
    found = list(check_room("fly.toml", [replace(NEED, new=new, room=room)], BOOK))
    assert [each.severity for each in found] == ([severity] if severity else [])
    assert all(each.code == "doctor.no_room" for each in found)


def test_every_finding_about_regions() -> None:
    assert {each.code for each in of_room()} == {
        "doctor.region_not_offered",
        "doctor.region_closing",
        "doctor.region_paid",
        "doctor.no_room",
        "doctor.room_unknown",
    }
