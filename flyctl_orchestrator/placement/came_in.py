"""Where users are, from how many requests came in by each of Fly.io's regions."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.catalog.regions import Place, RegionBook
from flyctl_orchestrator.placement.users import Users


def placed(requests: Mapping[str, int], regions: RegionBook) -> tuple[tuple[Users, ...], int]:
    """The users, those of each region beside it, most first; and how many requests name no region that is known.

    A region that is closed to machines is a place all the same.

    Args:
        requests: how many came in, by the region's code.
    """
    places: dict[str, Place] = {}
    for code in requests:
        region = regions.get(code)
        at = region.at if region is not None else regions.closed.get(code)
        if at is not None:
            places[code] = at
    total = sum(number for code, number in requests.items() if code in places)
    most_first = sorted(places, key=lambda code: (-requests[code], code))
    found = tuple(Users(code, places[code], requests[code] / total) for code in most_first if requests[code])
    return found, sum(requests.values()) - total
