"""Writes the world's land as one path, for the local platform's page and for reports, which share no file.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz -C /tmp
    python bench/page_land.py /tmp/package/land-110m.json \
        flyctl_orchestrator/local/page/static/land.svg flyctl_orchestrator/report/html/static/land.svg

The outline is Natural Earth's at 1:110 million, which is in the public domain (naturalearthdata.com). It is drawn in
Miller's cylindrical projection, as `static/geography.js` and `report/html/picture.py` do it, and cut
off where nobody lives.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path
from typing import Any

WIDTH, NORTH, SOUTH = 1000.0, 78.0, -57.0
# Islands smaller than this (square units of the picture) are left out.
LEAST_AREA = 2.0
Point = tuple[float, float]


def main(source: Path, *places: Path) -> None:
    """Write the picture, to each of `places`.

    Args:
        source: land as TopoJSON.
    """
    topology = json.loads(source.read_text("utf-8"))
    arcs = [_decoded(arc, topology["transform"]) for arc in topology["arcs"]]
    there = (_unrolled(ring) for ring in _rings(topology["objects"]["land"], arcs))
    rings = [_projected(part) for ring in there if max(point[1] for point in ring) > SOUTH for part in _parts(ring)]
    path = "".join(_drawn(ring) for ring in rings if abs(_area(ring)) >= LEAST_AREA)
    height = _y(SOUTH)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}">'
    for into in places:
        into.write_text(f'{head}<path id="land" d="{path}"/></svg>\n', "utf-8")


def _decoded(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    """An arc's points, degrees; they are kept as differences."""
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        points.append(
            (
                x * transform["scale"][0] + transform["translate"][0],
                y * transform["scale"][1] + transform["translate"][1],
            )
        )
    return points


def _rings(shape: dict[str, Any], arcs: list[list[Point]]) -> list[list[Point]]:
    if shape["type"] == "GeometryCollection":
        return [ring for part in shape["geometries"] for ring in _rings(part, arcs)]
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    return [_joined(ring, arcs) for polygon in polygons for ring in polygon]


def _joined(ring: list[int], arcs: list[list[Point]]) -> list[Point]:
    """One ring of several arcs; a negative number is an arc the other way round."""
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else list(reversed(arcs[~number]))
        points += arc[1:] if points else arc
    return points


def _unrolled(ring: list[Point]) -> list[Point]:
    """A ring without jumps: where it crosses 180 degrees, it goes on beyond."""
    points, turns = [ring[0]], 0
    for (before, _), (longitude, latitude) in itertools.pairwise(ring):
        turns += (longitude - before < -180) - (longitude - before > 180)
        points.append((longitude + 360 * turns, latitude))
    return points


def _parts(ring: list[Point]) -> list[list[Point]]:
    """A ring, and again at the other edge of the picture when it reaches beyond one."""
    low, high = min(point[0] for point in ring), max(point[0] for point in ring)
    shifts = [0, *([-360] if high > 180 else []), *([360] if low < -180 else [])]
    return [[(longitude + shift, latitude) for longitude, latitude in ring] for shift in shifts]


def _y(latitude: float) -> float:
    """How far down a latitude is, units of the picture."""

    def miller(degrees: float) -> float:
        return 1.25 * math.log(math.tan(math.pi / 4 + 0.4 * math.radians(degrees)))

    return (miller(NORTH) - miller(latitude)) * WIDTH / (2 * math.pi)


def _projected(ring: list[Point]) -> list[Point]:
    return [
        (round((longitude + 180) / 360 * WIDTH, 1), round(_y(min(max(latitude, SOUTH), NORTH)), 1))
        for longitude, latitude in ring
    ]


def _area(ring: list[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


def _drawn(ring: list[Point]) -> str:
    """A ring as path data: the first point, then differences in tenths, written as short as can be."""
    x, y = (round(10 * part) for part in ring[0])
    words = [f"M{_short(x)} {_short(y)}l"]
    for point in ring[1:]:
        to_x, to_y = (round(10 * part) for part in point)
        if (to_x, to_y) == (x, y):
            continue
        for difference in (to_x - x, to_y - y):
            text = _short(difference)
            words.append(text if text.startswith("-") or words[-1].endswith("l") else f" {text}")
        x, y = to_x, to_y
    return "".join(words) + "z"


def _short(tenths: int) -> str:
    return f"{tenths / 10:g}".replace("0.", ".", 1) if abs(tenths) < 10 else f"{tenths / 10:g}"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
