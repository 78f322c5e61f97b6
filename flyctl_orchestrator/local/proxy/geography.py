"""Where regions are: coordinates, distances, and the groups a request may name instead of one region."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

ANYWHERE = "any"
_SPELLINGS = {"usa": "us"}
_EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Place:
    """A region's location (degrees) and the area names it belongs to (`eu`, `us`, …)."""

    city: str
    lat: float
    lon: float
    groups: frozenset[str]


@lru_cache(maxsize=1)
def places() -> dict[str, Place]:
    """Every region the platform can place, by its three-letter code."""
    text = resources.files(__package__).joinpath("regions.toml").read_text(encoding="utf-8")
    regions = tomllib.loads(text)["regions"]
    return {code: Place(r["city"], r["lat"], r["lon"], frozenset(r["groups"])) for code, r in regions.items()}


@lru_cache(maxsize=1)
def group_names() -> frozenset[str]:
    """Every area name, `any` and other spellings included (fly-replay: "geographic groups and aliases")."""
    named = frozenset(group for place in places().values() for group in place.groups)
    return named | {ANYWHERE} | frozenset(_SPELLINGS)


def within(region: str, term: str) -> bool:
    """Whether `region` is what `term` means: its own code, or an area it lies in."""
    if term in (ANYWHERE, region):
        return True
    place = places().get(region)
    return place is not None and _SPELLINGS.get(term, term) in place.groups


def distance_km(one: Place, other: Place) -> float:
    """Great-circle distance, kilometres."""
    lat1, lon1, lat2, lon2 = map(math.radians, (one.lat, one.lon, other.lat, other.lon))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))
