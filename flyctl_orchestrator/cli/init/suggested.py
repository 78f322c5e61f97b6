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
class Suggested:
    """What is suggested without asking.

    Attributes:
        code: of the primary region.
        app: name of the app.
        guess: why the region is suggested where that is a guess, a sentence without a final stop; else "".
    """

    code: str
    guess: str = ""
    app: str = ""


def suggestion(environment: Environment, existing: Existing, asked: Asked, book: RegionBook) -> Suggested:
    """What flags and files say; else by this computer's time zone; else the usual one."""
    fly, flyo = existing.fly, existing.flyo
    known = asked.primary or next(iter(asked.regions or ()), None)
    known = known or (fly.primary_region if fly else None) or (next(iter(flyo.regions), None) if flyo else None)
    if known:
        return Suggested(open_region(known, book))
    own = own_place(environment.variables, environment.etc)
    region = own.region(book) if own else None
    if own is None or region is None:
        return Suggested(open_region(DEFAULT_PRIMARY, book))
    why = f"Region {region.code} ({region.city}) is a guess, from this computer's time zone, {own.zone}"
    return Suggested(region.code, why)
