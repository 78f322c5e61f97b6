"""Where time zones are, and what countries are called.

From the time zone database (iana.org/time-zones, in the public domain), version 2025b; tools/catalog_zones.py makes
the files.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from flyctl_orchestrator.catalog.regions import Place, plain

# What people write where the database has another name.
_ALSO = {
    "england": "gb",
    "great britain": "gb",
    "korea": "kr",
    "south korea": "kr",
    "uk": "gb",
    "united kingdom": "gb",
    "united states of america": "us",
    "usa": "us",
}


def place_of_zone(name: str) -> Place | None:
    """Where the city is that a time zone is named after; None for one such as UTC, which is nowhere."""
    return _zones().get(name)


def city_of_zone(name: str) -> Place | None:
    """Where a city is that a time zone is named after, such as Zurich; None for any other."""
    wanted = plain(name).replace(" ", "_")
    return next((at for zone, at in _zones().items() if wanted and zone.lower().endswith(f"/{wanted}")), None)


def country_code(written: str) -> str | None:
    """The two letters of a country that is called so, or by these letters themselves; None where there is none."""
    wanted = plain(written)
    names = _countries()
    if wanted in _ALSO:
        return _ALSO[wanted]
    return wanted if wanted in names.values() else names.get(wanted)


@cache
def _zones() -> dict[str, Place]:
    return {row["zone"]: (float(row["latitude"]), float(row["longitude"])) for row in _rows("zones.csv")}


@cache
def _countries() -> dict[str, str]:
    """Codes by name."""
    return {plain(row["name"]): row["country"] for row in _rows("countries.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
