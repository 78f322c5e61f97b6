"""Fly.io's regions: which codes exist, where they are, and which one a person meant."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flyctl_orchestrator.catalog.source import DIRECTORY_VARIABLE, read_catalog, to_amount, to_date
from flyctl_orchestrator.errors import UsageError

UNKNOWN_REGION = "config.unknown_region"
"""Code of the error for a region that is closed or was never one."""

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True)
class Region:
    """One place machines can run.

    Attributes:
        code: three letters, e.g. "nrt".
        markup: price of a machine as a multiple of iad's; None when it is not known.
        at: latitude and longitude; None when they are not known.
        area: name of the part of the world that traffic is priced by; None when it is not known.
        deprecated: documented, but not offered for new machines.
        aliases: other names people use for it, in lower case.
    """

    code: str
    city: str
    country: str
    markup: float | None
    deprecated: bool = False
    aliases: tuple[str, ...] = ()
    at: Place | None = None
    area: str | None = None


@dataclass(frozen=True)
class RegionBook:
    """All regions known on `captured_on`, sorted by code.

    Attributes:
        closed: codes of regions that Fly.io has closed, and where they were.
    """

    captured_on: date
    source: str
    regions: tuple[Region, ...]
    closed: Mapping[str, Place | None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.regions)

    def get(self, code: str) -> Region | None:
        """The region with exactly this code."""
        return next((region for region in self.regions if region.code == code), None)

    def suggest(self, text: str) -> tuple[Region, ...]:
        """Regions that a person who typed `text` may have meant, best first, three at most.

        A city, country or alias is matched before similar spelling: "tokyo" is nrt, "germany" is fra.
        """
        typed = plain(text)
        if not typed:
            return ()
        names = {region.code: (region.code, *_names(region)) for region in self.regions}
        exact = [region for region in self.regions if typed in names[region.code]]
        starts = [region for region in self.regions if any(_starts(name, typed) for name in names[region.code])]
        flat = {name: code for code, all_names in names.items() for name in all_names}
        similar = [self.get(flat[name]) for name in difflib.get_close_matches(typed, list(flat), n=5, cutoff=0.6)]
        found = {region.code: region for region in (*exact, *starts, *similar) if region}
        return tuple(found.values())[:3]

    def nearest(self, at: Place, count: int = 3) -> tuple[Region, ...]:
        """The open regions nearest to a place, by distance over the ground."""
        placed = [region for region in self.regions if region.at is not None and not region.deprecated]
        return tuple(sorted(placed, key=lambda region: _angle(at, region.at or at))[:count])

    def with_codes(self, codes: Iterable[str]) -> RegionBook:
        """This book and regions of which nothing but the code is known, such as those a platform has told of."""
        new = [Region(code, code, "", None) for code in codes if self.get(code) is None]
        return replace(self, regions=tuple(sorted((*self.regions, *new), key=lambda region: region.code)))

    def require(self, code: str, *, where: str) -> Region:
        """The region with this code.

        Raises:
            UsageError: no such region (code config.unknown_region); names the nearest ones.
        """
        region = self.get(code)
        if region is None:
            raise self.unknown(code, where=where)
        return region

    def unknown(self, code: str, *, where: str) -> UsageError:
        """The error for a code that is no region, with what may have been meant."""
        shown = code if code.isprintable() and len(code) <= 40 else repr(code[:40])
        what = f"'{shown}' is not a Fly.io region"
        if code in self.closed:
            what = f"Fly.io has closed its region '{shown}'"
        return UsageError(what, where=where, next=self._advice(code), code=UNKNOWN_REGION)

    def _advice(self, code: str) -> str:
        """What to write instead of `code`: a name is worth more than letters that are alike."""
        from flyctl_orchestrator.catalog.typed_place import place_advice

        if place := self.closed.get(code):
            return f"The nearest open ones are {', '.join(map(_shown, self.nearest(place)))}"
        called = [region for region in self.regions if plain(code) in _names(region)]
        if len(called) != 1 and (said := place_advice(code, self)):
            return said
        if likely := called or self.suggest(code):
            return f"Did you mean {' or '.join(map(_shown, likely))}?"
        codes = " ".join(region.code for region in self.regions if not region.deprecated)
        return f"Known on {self.captured_on}: {codes}. A newer list can be put in ${DIRECTORY_VARIABLE}"


def load_regions(variables: Mapping[str, str] | None = None) -> RegionBook:
    """The region catalog, or the user's own one in FLYO_CATALOG_DIR.

    Raises:
        UsageError: the user's own file cannot be used (code catalog).
    """
    shown, data = read_catalog("regions.toml", variables or {})
    try:
        regions = tuple(sorted((_region(row) for row in data["region"]), key=lambda region: region.code))
        return RegionBook(to_date(data["captured_on"]), str(data["source"]), regions, _closed(data.get("closed", {})))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"is not a usable region catalog: {type(error).__name__} {error}",
            where=shown,
            next="Take the one that ships with flyo as a model",
            code="catalog",
        ) from None


def _region(row: Mapping[str, Any]) -> Region:
    return Region(
        code=str(row["code"]),
        city=str(row["city"]),
        country=str(row.get("country", "")),
        markup=to_amount(row["markup"]),
        deprecated=bool(row.get("deprecated", False)),
        aliases=tuple(plain(str(alias)) for alias in row.get("aliases", [])),
        at=to_place(row["at"]) if "at" in row else None,
        area=str(row["area"]) if "area" in row else None,
    )


def _closed(written: Mapping[str, Any] | list[str]) -> dict[str, Place | None]:
    """Codes with where they were; a list of codes alone will do."""
    if isinstance(written, list):
        return {str(code): None for code in written}
    return {code: to_place(at) for code, at in written.items()}


def to_place(written: Any) -> Place:
    """A latitude and a longitude, as data files write them.

    Raises:
        TypeError, ValueError: it is not two numbers.
    """
    latitude, longitude = written
    return float(latitude), float(longitude)


def _angle(one: Place, other: Place) -> float:
    """The angle between two places, seen from the middle of the Earth, in radians."""
    north, east, far_north, far_east = map(math.radians, (*one, *other))
    inside = math.sin(north) * math.sin(far_north) + math.cos(north) * math.cos(far_north) * math.cos(east - far_east)
    return math.acos(min(1.0, max(-1.0, inside)))


def plain(text: str) -> str:
    """`text` in lower case without accents or surrounding space, so that "Sao Paulo" finds "São Paulo"."""
    decomposed = unicodedata.normalize("NFKD", text.strip()[:40])
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def _shown(region: Region) -> str:
    return f"{region.code} ({region.city})"


def _names(region: Region) -> tuple[str, ...]:
    return (plain(region.city), plain(region.country), *region.aliases)


def _starts(name: str, typed: str) -> bool:
    return len(typed) >= 3 and name.startswith(typed)
