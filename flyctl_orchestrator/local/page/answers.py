"""Answers counted by second while somebody looks on: by region and status, and by machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from flyctl_orchestrator.local.base.sightings import Sighting
from flyctl_orchestrator.local.core.traffic import Traffic

KEPT_SECONDS = 120
# Stands where a region would: the proxy answered by itself, since no machine could.
NO_MACHINE = "proxy"


def history(traffic: Traffic, now: float) -> list[dict[str, Any]]:
    """What machines answered in the last two minutes, oldest first, up to the second before this one."""
    first = int(now) - KEPT_SECONDS
    by_second: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for labels, series in traffic.series():
        for second, number in reversed(series.seconds):
            if second < first:
                break
            if second < int(now):
                by_second[second][labels.region][labels.status] += number
    return [{"at": second, "regions": _plain(by_second[second])} for second in sorted(by_second)]


def _plain(regions: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {region: dict(counted) for region, counted in regions.items()}


class Tally:
    """Counts what is seen, until it is taken."""

    def __init__(self) -> None:
        self._regions: dict[str, Counter[str]] = defaultdict(Counter)
        self._machines: Counter[str] = Counter()

    def see(self, sighting: Sighting) -> None:
        """One more answer."""
        region, machine = sighting.hops[-1] if sighting.hops else (NO_MACHINE, "")
        self._regions[region][str(sighting.status)] += 1
        if machine:
            self._machines[machine] += 1

    def take(self) -> dict[str, Any]:
        """`regions` (status to number, by region) and `machines` (number by id) since the last time."""
        taken = {"regions": _plain(self._regions), "machines": dict(self._machines)}
        self._regions.clear()
        self._machines.clear()
        return taken


def shown(sighting: Sighting) -> dict[str, Any]:
    """One request for the picture; its address is left out, since addresses may hold what is private."""
    return {
        "app": sighting.app,
        "from": sighting.edge,
        "place": sighting.place,
        "method": sighting.method,
        "hops": [list(hop) for hop in sighting.hops],
        "status": sighting.status,
        "ms": round(1000 * sighting.seconds, 1),
    }
