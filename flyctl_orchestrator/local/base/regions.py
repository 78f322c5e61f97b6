"""The regions the platform offers, as `GET /v1/platform/regions` lists them.

Source: Fly.io's regions page of 2026-08-07 (18 regions). `bom` was gone from the price list on 2026-10-02 and is
marked deprecated. Coordinates are the cities' own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """One region; `geo` is the alias of its part of the world in region lists ("eu", "na", "sa", "apac")."""

    code: str
    name: str
    latitude: float
    longitude: float
    geo: str
    gateway: bool = True
    deprecated: bool = False
    managed_postgres: bool = False


REGIONS: dict[str, Region] = {
    region.code: region
    for region in (
        Region("ams", "Amsterdam, Netherlands", 52.37, 4.90, "eu", managed_postgres=True),
        Region("arn", "Stockholm, Sweden", 59.33, 18.07, "eu"),
        Region("bom", "Mumbai, India", 19.08, 72.88, "apac", deprecated=True),
        Region("cdg", "Paris, France", 48.86, 2.35, "eu"),
        Region("dfw", "Dallas, Texas (US)", 32.78, -96.80, "na", managed_postgres=True),
        Region("ewr", "Secaucus, NJ (US)", 40.79, -74.06, "na"),
        Region("fra", "Frankfurt, Germany", 50.11, 8.68, "eu", managed_postgres=True),
        Region("gru", "Sao Paulo, Brazil", -23.55, -46.63, "sa", gateway=False, managed_postgres=True),
        Region("iad", "Ashburn, Virginia (US)", 39.04, -77.49, "na", managed_postgres=True),
        Region("jnb", "Johannesburg, South Africa", -26.20, 28.05, "af", gateway=False),
        Region("lax", "Los Angeles, California (US)", 34.05, -118.24, "na", managed_postgres=True),
        Region("lhr", "London, United Kingdom", 51.51, -0.13, "eu", managed_postgres=True),
        Region("nrt", "Tokyo, Japan", 35.68, 139.69, "apac", managed_postgres=True),
        Region("ord", "Chicago, Illinois (US)", 41.88, -87.63, "na", managed_postgres=True),
        Region("sin", "Singapore, Singapore", 1.35, 103.82, "apac", managed_postgres=True),
        Region("sjc", "San Jose, California (US)", 37.34, -121.89, "na", managed_postgres=True),
        Region("syd", "Sydney, Australia", -33.87, 151.21, "apac", managed_postgres=True),
        Region("yyz", "Toronto, Canada", 43.65, -79.38, "na", managed_postgres=True),
    )
}
NEAREST = "iad"
_ALIASES = {"eu": ("eu",), "na": ("na",), "sa": ("sa",), "apac": ("apac",), "us": ("na",), "usa": ("na",)}


def choose(wanted: str) -> str | None:
    """The region a create request means: a code, a comma list of codes and aliases, "any" or "" (nearest).

    The first entry that names a usable region wins; None when none does.
    """
    entries = [entry.strip() for entry in wanted.split(",") if entry.strip()]
    if not entries:
        return NEAREST
    for entry in entries:
        if entry in REGIONS:
            return entry
        if entry == "any":
            return NEAREST
        for region in REGIONS.values():
            if region.geo in _ALIASES.get(entry, ()) and not region.deprecated:
                return region.code
    return None
