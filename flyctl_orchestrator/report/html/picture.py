"""Where regions stand on the map, and where there is room for what is said about each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from flyctl_orchestrator.catalog.regions import RegionBook

# Of the picture of the land (static/land.svg, made by bench/page_land.py): Miller's cylindrical projection.
WIDTH, HEIGHT, NORTH = 1000.0, 458.0, 78.0
# Of a label, in the picture's units, and how far from its place it may stand.
LABEL = (70.0, 36.0)
FARTHEST = 220


class Spot(NamedTuple):
    """A region on the picture, in its units: its place, and the middle of its label."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float


def spots(codes: Iterable[str], book: RegionBook) -> dict[str, Spot]:
    """Where each region stands; one whose place is not known has none.

    Args:
        codes: of regions.
    """
    found = {code: book.get(code) for code in codes}
    known = {code: region.at if region else book.closed.get(code) for code, region in found.items()}
    places = {code: project(*at) for code, at in known.items() if at}
    taken: list[tuple[float, float]] = []
    made = {}
    # From north to south: Europe, where it is crowded, finds room above itself.
    for code, (x, y) in sorted(places.items(), key=lambda place: place[1][1]):
        at = _room(x, y, taken, list(places.values()))
        taken.append(at)
        region = found[code]
        name = f"{region.city}, {region.country}" if region else "closed"
        made[code] = Spot(name, round(x, 1), round(y, 1), round(at[0], 1), round(at[1], 1))
    return made


def project(latitude: float, longitude: float) -> tuple[float, float]:
    """A place on the picture.

    Args:
        latitude, longitude: degrees.
    """

    def miller(degrees: float) -> float:
        return 1.25 * math.log(math.tan(math.pi / 4 + 0.4 * math.radians(degrees)))

    return (longitude + 180) / 360 * WIDTH, (miller(NORTH) - miller(latitude)) * WIDTH / (2 * math.pi)


def _room(
    x: float, y: float, taken: list[tuple[float, float]], places: list[tuple[float, float]]
) -> tuple[float, float]:
    """The nearest point at which a label covers neither another label nor a region's place."""
    wide, high = LABEL
    for far in range(26, FARTHEST, 6):
        for turn in range(16):
            angle = math.tau * turn / 16 - math.pi / 2
            at = (x + math.cos(angle) * far * 1.3, y + math.sin(angle) * far)
            inside = wide / 2 <= at[0] <= WIDTH - wide / 2 and high / 2 <= at[1] <= HEIGHT - high / 2
            free = all(abs(at[0] - a) >= wide or abs(at[1] - b) >= high for a, b in taken)
            clear = all(abs(at[0] - a) >= wide / 2 + 4 or abs(at[1] - b) >= high / 2 + 4 for a, b in places)
            if inside and free and clear:
                return at
    return min(max(x, wide / 2), WIDTH - wide / 2), max(y - high, high / 2)
