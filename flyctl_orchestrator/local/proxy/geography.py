"""Distances between regions, the areas a request may name instead of one region, and clients anywhere on Earth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from flyctl_orchestrator.local.base.regions import REGIONS

ANYWHERE = "any"
AREAS = frozenset(("apac", "eu", "na", "sa", "us", "usa", ANYWHERE))  # fly-replay: "geographic groups and aliases"
_CANADA = frozenset(("yyz",))
_EARTH_RADIUS_KM = 6371.0
# Light in glass, along a cable that is longer than the way over the ground; nobody has measured this way.
FIBRE_KM_PER_MS = 199.86
DETOUR = 1.2
# at4886n235e: 48.86 degrees north, 2.35 degrees east. A part of a host's name can hold no point and no sign.
LABEL = r"at[0-9]{1,4}[ns][0-9]{1,5}[ew]"
_LABEL = re.compile(r"at([0-9]{1,4})([ns])([0-9]{1,5})([ew])", re.ASCII)


def within(region: str, term: str) -> bool:
    """Whether `region` is what `term` means: its own code, or an area it lies in."""
    if term in (ANYWHERE, region):
        return True
    place = REGIONS.get(region)
    if place is None:
        return False
    if term in ("us", "usa"):
        return place.geo == "na" and region not in _CANADA
    return term in AREAS and place.geo == term


@lru_cache(maxsize=4096)
def distance_km(one: str, other: str) -> float | None:
    """Great-circle distance between two regions, kilometres; None when one of them is not on the map."""
    a, b = REGIONS.get(one), REGIONS.get(other)
    if a is None or b is None:
        return None
    return haversine_km(a.latitude, a.longitude, b.latitude, b.longitude)


def haversine_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance between two places, degrees; kilometres."""
    lat1, lon1 = math.radians(latitude), math.radians(longitude)
    lat2, lon2 = math.radians(other_latitude), math.radians(other_longitude)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


@dataclass(frozen=True)
class Place:
    """Somewhere; degrees.

    Attributes:
        edge: the region nearest to it.
        way_ms: the round trip to there: 2 × kilometres × 1.2 / 199.86. A formula, and no measurement.
    """

    latitude: float
    longitude: float
    edge: str
    way_ms: float


@lru_cache(maxsize=1024)
def place_of(label: str) -> Place | None:
    """The place that such a label stands for; None when there is none on Earth."""
    match = _LABEL.fullmatch(label)
    if match is None:
        return None
    latitude = int(match[1]) / 100 * (1 if match[2] == "n" else -1)
    longitude = int(match[3]) / 100 * (1 if match[4] == "e" else -1)
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    km, edge = min(
        (haversine_km(latitude, longitude, one.latitude, one.longitude), one.code) for one in REGIONS.values()
    )
    return Place(latitude, longitude, edge, 2 * km * DETOUR / FIBRE_KM_PER_MS)
