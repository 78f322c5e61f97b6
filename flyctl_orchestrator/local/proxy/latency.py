"""How long a round trip between two regions takes: published figures, or physics where there are none."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any

from flyctl_orchestrator.local.proxy.geography import distance_km

UNKNOWN_REGION_MS = 300.0  # a region without coordinates is as far away as a place gets


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("latency.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def table() -> dict[frozenset[str], float]:
    """The published medians, by pair of regions (milliseconds, there and back)."""
    data = _data()
    pairs = {**data["from_p95"], **data["measured"]}
    return {frozenset(pair.split("-")): float(value) for pair, value in pairs.items()}


@lru_cache(maxsize=4096)
def light_ms(one: str, other: str) -> float:
    """What light in vacuum needs for the round trip, milliseconds; nothing may be faster. 0 when a place is unknown."""
    return 2 * (distance_km(one, other) or 0.0) / float(_data()["fallback"]["vacuum_km_per_ms"])


@lru_cache(maxsize=4096)
def median_ms(one: str, other: str) -> float:
    """The typical round trip between two regions, milliseconds."""
    if one == other:
        return float(_data()["same_region_ms"])
    published = table().get(frozenset((one, other)))
    if published is not None:
        return max(published, light_ms(one, other))
    distance = distance_km(one, other)
    if distance is None:
        return UNKNOWN_REGION_MS
    formula = _data()["fallback"]
    fibre = 2 * distance / formula["fibre_km_per_ms"]
    return float(formula["base_ms"] + formula["stretch"] * fibre)


def sample_ms(one: str, other: str, random: Random) -> float:
    """One round trip as it may turn out: the median with jitter, never faster than light. Milliseconds."""
    jitter = random.lognormvariate(0.0, _data()["jitter"]["sigma"])
    return max(median_ms(one, other) * jitter, light_ms(one, other))
