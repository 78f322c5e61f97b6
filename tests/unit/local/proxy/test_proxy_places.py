"""Clients anywhere on Earth: which region is nearest, and the way there."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.proxy.geography import distance_km, haversine_km, place_of


@pytest.mark.parametrize(
    ("label", "edge", "ms"),
    [
        # Kilometres over the ground, times 2 × 1.2 / 199.86: 0, Marseille 661, Darwin 3,150, the date line 4,815.
        ("at4886n235e", "cdg", 0.0),
        ("at4330n537e", "cdg", 7.9),
        ("at1246s13084e", "syd", 37.8),
        ("at0n18000w", "syd", 57.8),
    ],
)
def test_the_nearest_region_and_the_way_there(label: str, edge: str, ms: float) -> None:
    place = place_of(label)
    assert place is not None
    assert place.edge == edge
    assert place.way_ms == pytest.approx(ms, rel=0.03, abs=0.2)


@given(st.integers(0, 9_999), st.sampled_from("ns"), st.integers(0, 99_999), st.sampled_from("ew"))
def test_a_place_is_on_earth_and_no_region_is_nearer(north: int, ns: str, east: int, ew: str) -> None:
    place = place_of(f"at{north}{ns}{east}{ew}")
    if north > 9_000 or east > 18_000:
        assert place is None
        return
    assert place is not None
    assert (round(abs(place.latitude) * 100), round(abs(place.longitude) * 100)) == (north, east)
    far = {
        one.code: haversine_km(place.latitude, place.longitude, one.latitude, one.longitude) for one in REGIONS.values()
    }
    assert far[place.edge] == min(far.values())
    # Half the way round Earth, at most.
    assert 0 <= place.way_ms <= 2 * math.pi * 6371 * 1.2 / 199.86 + 0.1


def test_a_person_in_a_regions_city_is_as_far_from_others_as_the_region() -> None:
    for one in REGIONS.values():
        for other in REGIONS.values():
            known = distance_km(one.code, other.code)
            assert known == haversine_km(one.latitude, one.longitude, other.latitude, other.longitude)
