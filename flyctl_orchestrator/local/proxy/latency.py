"""How long a round trip between two regions takes: medians that were measured, with the spread that was."""

from __future__ import annotations

import math
import tomllib
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any

from flyctl_orchestrator.local.proxy.geography import distance_km

UNKNOWN_REGION_MS = 300.0  # a region without coordinates is as far away as a place gets
VACUUM_KM_PER_MS = 299.79
# Round trips are taken to be log-normal; so many standard deviations above the median lies their P95.
_P95_DEVIATIONS = 1.645
_USUAL_DEVIATION = 0.02


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("latency.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def table() -> dict[frozenset[str], tuple[float, float]]:
    """Median and P95 by pair of regions (milliseconds, there and back)."""
    return {frozenset(pair.split("-")): (float(ms), float(p95)) for pair, (ms, p95) in _data()["pairs"].items()}


@lru_cache(maxsize=4096)
def light_ms(one: str, other: str) -> float:
    """What light in vacuum needs for the round trip, milliseconds; nothing may be faster. 0 when a place is unknown."""
    return 2 * (distance_km(one, other) or 0.0) / VACUUM_KM_PER_MS


@lru_cache(maxsize=4096)
def median_ms(one: str, other: str) -> float:
    """The typical round trip between two regions, milliseconds."""
    if one == other:
        return float(_data()["same_region_ms"])
    measured = table().get(frozenset((one, other)))
    return UNKNOWN_REGION_MS if measured is None else measured[0]


@lru_cache(maxsize=4096)
def _deviation(one: str, other: str) -> float:
    measured = table().get(frozenset((one, other)))
    return _USUAL_DEVIATION if measured is None else math.log(measured[1] / measured[0]) / _P95_DEVIATIONS


def sample_ms(one: str, other: str, random: Random) -> float:
    """One round trip as it may turn out: around the median, never faster than light. Milliseconds."""
    jitter = random.lognormvariate(0.0, _deviation(one, other))
    return max(median_ms(one, other) * jitter, light_ms(one, other))
