"""Writes the cities that the local platform's page knows by name, out of the catalog's file; the two share no file.

    python tools/page_cities.py flyctl_orchestrator/catalog/cities.csv \
        flyctl_orchestrator/local/page/static/cities.js

GeoNames (geonames.org, CC BY 4.0), as catalog_people.py has it. The page has to stay light, so only the largest
cities, and the largest city of each country, are in it.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

LARGEST = 320
HEAD = """// The largest cities: name, latitude, longitude. GeoNames (geonames.org, CC BY 4.0), by tools/page_cities.py.
"""


def main(source: Path, into: Path) -> None:
    """Write the module.

    Args:
        source: cities with the largest first.
    """
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    countries: set[str] = set()
    names: set[str] = set()
    kept = []
    for number, row in enumerate(rows):
        first, row_name = row["country"] not in countries, row["name"]
        countries.add(row["country"])
        if (number < LARGEST or first) and row_name not in names:
            names.add(row_name)
            kept.append(f"{row_name},{row['latitude']},{row['longitude']}")
    into.write_text(f"{HEAD}export const CITIES = {json.dumps(';'.join(kept), ensure_ascii=False)};\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
