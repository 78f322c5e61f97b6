"""The region that `flyo init` suggests: the project's own, else the one nearest to this computer, which is a guess."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.cli.init.closed import open_region
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.placement.own_place import own_place
from flyctl_orchestrator.project.asked import DEFAULT_PRIMARY, Asked
from flyctl_orchestrator.project.scaffold import Existing


@dataclass(frozen=True)
class SuggestedRegion:
    """Where the primary region is suggested to be.

    Attributes:
        guess: why it is suggested where that is a guess, a sentence without a final stop; else "".
    """

    code: str
    guess: str = ""


def suggested_region(environment: Environment, existing: Existing, asked: Asked, book: RegionBook) -> SuggestedRegion:
    """What flags and files say; else by this computer's time zone; else the usual one."""
    fly, flyo = existing.fly, existing.flyo
    known = asked.primary or next(iter(asked.regions or ()), None)
    known = known or (fly.primary_region if fly else None) or (next(iter(flyo.regions), None) if flyo else None)
    if known:
        return SuggestedRegion(open_region(known, book))
    own = own_place(environment.variables, environment.etc)
    region = own.region(book) if own else None
    if own is None or region is None:
        return SuggestedRegion(open_region(DEFAULT_PRIMARY, book))
    why = f"Region {region.code} ({region.city}) is a guess, from this computer's time zone, {own.zone}"
    return SuggestedRegion(region.code, why)
