"""How long a round trip takes between a place and a region of Fly.io: measured between cities, never below light.

The table holds medians and P95 between data centres. A place that is not in it takes the row of the nearest one that
is, and the way there: light in fibre, 1.2 times as far as over the ground. Leaving each place out in turn and
computing it so is off by 5.5 % in the median, and by 31 % or more for one pair in ten
(`tests/unit/catalog/test_latency.py`). What a home connection adds, often 5 to 20 ms, is not in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flyctl_orchestrator.catalog.regions import Place, RegionBook, to_place
from flyctl_orchestrator.catalog.source import read_catalog, to_date
from flyctl_orchestrator.errors import UsageError

FIBRE_KM_PER_MS = 199.86
VACUUM_KM_PER_MS = 299.79
# A cable is longer than the way over the ground; fitted to the table.
DETOUR = 1.2
# A round trip inside one city.
SAME_CITY_MS = 1.0
EARTH_KM = 6371.0
# A row of the table is a measurement for a place within this distance of it.
BESIDE_KM = 100.0


@dataclass(frozen=True)
class Vantage:
    """A place from which round trips are known.

    Attributes:
        ms: median round trip to each of Fly.io's regions, by code.
        p95: what 95 of 100 round trips take at most; a region for which it is not known is missing.
        measured: regions for which it was measured; to the others it is computed from the measurement nearest to it.
    """

    name: str
    at: Place
    ms: Mapping[str, float]
    measured: frozenset[str]
    p95: Mapping[str, float] = field(default_factory=dict)

    def slow(self, code: str) -> float:
        """The P95 to a region; where it is not known, the median stands for it."""
        return self.p95.get(code, self.ms[code])


@dataclass(frozen=True)
class RoundTrip:
    """Milliseconds between a place and a region.

    Attributes:
        ms: the median.
        measured: whether this was measured, and not computed in part.
        p95: what 95 of 100 take at most, None when it is not known.
    """

    ms: float
    measured: bool
    p95: float | None = None


@dataclass(frozen=True)
class LatencyTable:
    """All that is known about round trips on `captured_on`.

    Attributes:
        own: how many of them somebody has measured themselves.
    """

    captured_on: date
    source: str
    vantages: tuple[Vantage, ...]
    own: int = 0

    def nearest(self, at: Place) -> tuple[Vantage, float]:
        """The vantage that stands for a place, and the round trip between the two in milliseconds."""
        vantage = min(self.vantages, key=lambda known: kilometres(at, known.at))
        return vantage, fibre_ms(kilometres(at, vantage.at))

    def between(self, at: Place, code: str) -> RoundTrip:
        """The round trip from a place to a region.

        Raises:
            KeyError: the region is not in the table.
        """
        vantage, way = self.nearest(at)
        beside = kilometres(at, vantage.at) <= BESIDE_KM
        p95 = vantage.p95.get(code)
        late = None if p95 is None else p95 + way
        return RoundTrip(vantage.ms[code] + way, beside and code in vantage.measured, late)

    @property
    def codes(self) -> frozenset[str]:
        """Regions that the table knows."""
        return frozenset(self.vantages[0].ms)


def kilometres(one: Place, other: Place) -> float:
    """The distance over the ground."""
    north, east, far_north, far_east = map(math.radians, (*one, *other))
    half = math.sin((far_north - north) / 2) ** 2
    half += math.cos(north) * math.cos(far_north) * math.sin((far_east - east) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def fibre_ms(km: float) -> float:
    """A round trip over fibre laid as cables are."""
    return 2 * km * DETOUR / FIBRE_KM_PER_MS


def light_ms(km: float) -> float:
    """A round trip of light in a vacuum: what nothing can be faster than."""
    return 2 * km / VACUUM_KM_PER_MS


def load_latency(regions: RegionBook, variables: Mapping[str, str] | None = None) -> LatencyTable:
    """The table of round trips, or the user's own one in FLYO_CATALOG_DIR.

    Args:
        regions: where Fly.io's regions are.

    Raises:
        UsageError: the user's own file cannot be used (code catalog).
    """
    shown, data = read_catalog("latency.toml", variables or {})
    try:
        return _table(data, regions)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"is not a usable table of round trips: {type(error).__name__} {error}",
            where=shown,
            next="Take the one that ships with flyo as a model",
            code="catalog",
        ) from None


def _table(data: Mapping[str, Any], regions: RegionBook) -> LatencyTable:
    beside: dict[str, str] = dict(data["beside"])
    elsewhere: dict[str, str] = dict(data.get("nearest", {}))
    spots = {region.code: region.at for region in regions if region.at and region.code in beside | elsewhere}
    stands_for = {name: code for code, name in beside.items() if code in spots}
    rows = [_Row.of(written, spots.get(stands_for.get(str(written["name"]), ""))) for written in data["place"]]
    if not rows:
        raise ValueError("it has no place")
    by_name = {row.name: row for row in rows}
    near = {code: by_name[elsewhere[code]] for code in sorted(spots.keys() & elsewhere.keys())}
    measured = frozenset(spots.keys() & beside.keys())
    vantages = []
    for row in rows:
        code = stands_for.get(row.name)
        ms = _times(row, row.ms, code, {other: spots[other] for other in measured}, spots, near)
        p95 = _times(row, row.p95, code, {other: spots[other] for other in measured}, spots, near) if row.p95 else {}
        vantages.append(Vantage(code or row.name, row.at, ms, measured, p95))
    for code, row in near.items():
        near_name = stands_for.get(row.name, row.name)
        vantages.append(_computed(code, spots, next(known for known in vantages if known.name == near_name)))
    return LatencyTable(to_date(data["captured_on"]), str(data["source"]), tuple(vantages))


def _times(
    row: _Row,
    known: Mapping[str, float],
    own: str | None,
    beside: Mapping[str, Place],
    spots: Mapping[str, Place],
    near: Mapping[str, _Row],
) -> dict[str, float]:
    """From a place to every region: as measured, or from the measurement to the place nearest to the region.

    Args:
        known: medians or P95 of the row.
        own: the region that the place stands for.
    """
    times = {
        code: SAME_CITY_MS if code == own else max(row.to(code, known), light_ms(kilometres(row.at, spot)))
        for code, spot in beside.items()
    }
    for code, other in near.items():
        ms = SAME_CITY_MS if other is row else row.to(code, known)
        times[code] = _corrected(ms, row.at, spots[code], other.at)
    return times


@dataclass(frozen=True)
class _Row:
    """A place of the table; one that stands for a region of Fly.io is taken to be where that region is."""

    name: str
    at: Place
    ms: Mapping[str, float]
    p95: Mapping[str, float]

    @classmethod
    def of(cls, written: Mapping[str, Any], spot: Place | None) -> _Row:
        at = spot or to_place(written["at"])
        times, late = (
            {str(code): float(ms) for code, ms in table.items()} for table in (written["ms"], written.get("p95", {}))
        )
        if any(not math.isfinite(ms) or ms < 0 for ms in (*times.values(), *late.values())):
            raise ValueError(f"{written['name']} has a time that is none")
        return cls(str(written["name"]), at, times, late)

    def to(self, code: str, known: Mapping[str, float]) -> float:
        """The measurement to a region, out of `known`."""
        if code not in known:
            raise ValueError(f"{self.name} has no time to {code}")
        return known[code]


def _corrected(ms: float, at: Place, spot: Place, measured_at: Place) -> float:
    """A measurement to a place near `spot`, made longer or shorter by how much farther away `spot` is."""
    way = kilometres(at, spot)
    farther = way - kilometres(at, measured_at)
    return max(SAME_CITY_MS, light_ms(way), ms + math.copysign(fibre_ms(abs(farther)), farther))


def _computed(code: str, spots: Mapping[str, Place], near: Vantage) -> Vantage:
    """A region of Fly.io that no place of the table is beside, as a vantage of its own."""
    here = spots[code]
    times, late = (
        {other: _corrected(ms, spots[other], here, near.at) for other, ms in known.items()}
        for known in (near.ms, near.p95)
    )
    return Vantage(code, here, times | {code: SAME_CITY_MS}, frozenset(), late | {code: SAME_CITY_MS} if late else {})
