"""Where an app's users are: countries, cities, regions or the whole world, each with its share."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from flyctl_orchestrator.catalog.people import cells, city
from flyctl_orchestrator.catalog.regions import Place, RegionBook
from flyctl_orchestrator.errors import UsageError

WORLD = "world"
_ENTRY = re.compile(r"\s*([^=]+?)\s*(?:=\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*%?\s*)?")


@dataclass(frozen=True)
class Users:
    """People in one place.

    Attributes:
        where: what they were called: "de", "Singapore", "world".
        at: latitude and longitude.
        share: of all users, from 0 to 1.
    """

    where: str
    at: Place
    share: float


def read_users(written: str, regions: RegionBook, *, where: str = "--users") -> tuple[Users, ...]:
    """The users that a list such as "sg=40,de=30,us=30" or "world" tells of; the shares add up to 1 afterwards.

    A country of two letters is spread over its cities; three letters are one of Fly.io's regions; anything else is a
    city above 500,000 inhabitants.

    Args:
        where: what to call the list in a message.

    Raises:
        UsageError: an entry names no place, or its share is no number above 0 (code regions.users).
    """
    shares: list[tuple[str, float]] = []
    for entry in written.split(","):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise _refused(f"{_shown(entry)} is no place with a share", where)
        share = float(match[2] or 1.0)
        if not 0 < share < math.inf:
            raise _refused(f"the share of {_shown(match[1])} has to be above 0", where)
        shares.append((match[1], share))
    total = sum(share for _, share in shares)
    found: list[Users] = []
    for name, share in shares:
        people = people_of(name, share / total, regions)
        if people is None:
            raise _refused(f"{_shown(name)} is no country of two letters, no region and no city that is known", where)
        found += people
    return tuple(found)


def people_of(name: str, share: float, regions: RegionBook) -> Sequence[Users] | None:
    """The people of a country, region or city, or all of them; None when it is not known.

    Args:
        share: of all users.
    """
    low = name.casefold()
    region = regions.get(low)
    if region is not None and region.at is not None:
        return [Users(name, region.at, share)]
    there = [cell for cell in cells() if low in (cell.country, WORLD)]
    if there:
        people = sum(cell.people for cell in there)
        return [Users(name, cell.at, share * cell.people / people) for cell in there]
    place = city(name)
    return None if place is None else [Users(name, place, share)]


def _refused(what: str, where: str) -> UsageError:
    return UsageError(what, where=where, next=f"Write e.g. {where} sg=40,de=30,us=30 or world", code="regions.users")


def _shown(text: str) -> str:
    text = text.strip()
    return f"'{text}'" if text.isprintable() and len(text) <= 40 else repr(text[:40])
