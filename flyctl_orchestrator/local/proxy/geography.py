"""Distances between regions, and the areas a request may name instead of one region."""

from __future__ import annotations

import math
from functools import lru_cache

from flyctl_orchestrator.local.base.regions import REGIONS, Region

ANYWHERE = "any"
AREAS = frozenset(("apac", "eu", "na", "sa", "us", "usa", ANYWHERE))  # fly-replay: "geographic groups and aliases"
_CANADA = frozenset(("yyz",))
_EARTH_RADIUS_KM = 6371.0


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
    return None if a is None or b is None else _haversine_km(a, b)


def _haversine_km(one: Region, other: Region) -> float:
    lat1, lon1 = math.radians(one.latitude), math.radians(one.longitude)
    lat2, lon2 = math.radians(other.latitude), math.radians(other.longitude)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))
