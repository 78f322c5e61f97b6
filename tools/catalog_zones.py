"""Writes flyctl_orchestrator/catalog/zones.csv and countries.csv: where time zones are, and what countries are called.

    python tools/catalog_zones.py /usr/share/zoneinfo flyctl_orchestrator/catalog

Both are made of the time zone database (iana.org/time-zones, in the public domain): zone.tab has the place that each
zone is named after, tzdata.zi the older names of zones, iso3166.tab the countries.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

_AT = re.compile(r"([+-])(\d{2})(\d{2})\d{0,2}([+-])(\d{3})(\d{2})\d{0,2}")


def main(data: Path, into: Path) -> None:
    """Write both files into a directory.

    Args:
        data: the directory of the time zone database.
    """
    places = {zone: at for _, at, zone, *_ in _rows(data / "zone.tab")}
    zones = {zone: _degrees(at) for zone, at in places.items()}
    for line in (data / "tzdata.zi").read_text("utf-8").splitlines():
        kind, *names = line.split()
        if kind == "L" and names[0] in zones:
            zones.setdefault(names[1], zones[names[0]])
    _write(into / "zones.csv", ["zone", "latitude", "longitude"], [[zone, *at] for zone, at in sorted(zones.items())])
    countries = [[code.lower(), name] for code, name in _rows(data / "iso3166.tab")]
    _write(into / "countries.csv", ["country", "name"], countries)


def _rows(path: Path) -> list[list[str]]:
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _degrees(written: str) -> tuple[str, str]:
    """ "+5230+01322" as "52.5" and "13.4"."""
    found = _AT.fullmatch(written)
    assert found is not None, written
    north, east = (
        int(f"{sign}1") * (int(degrees) + int(minutes) / 60)
        for sign, degrees, minutes in (found.groups()[:3], found.groups()[3:])
    )
    return f"{north:.1f}", f"{east:.1f}"


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
