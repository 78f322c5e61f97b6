"""Which regions a person may mean who types a code, a city or a country: the best first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flyctl_orchestrator.catalog.latency import kilometres
from flyctl_orchestrator.catalog.people import cells, city
from flyctl_orchestrator.catalog.regions import Place, Region, RegionBook, plain
from flyctl_orchestrator.catalog.zones import city_of_zone, country_code

NEAR = 3
"""How many regions are named for a place that has none of its own."""

# Regions are as near as this, at least: within a city the price decides alone.
_LEAST_KM = 50.0

People = Sequence[tuple[Place, float]]


def regions_for(typed: str, book: RegionBook) -> tuple[Region, ...]:
    """The open regions that `typed` may mean, the best first; none where it means nothing.

    A region's own code comes first, whatever else the letters are part of. Then come regions whose city, country or
    other name it is; then those near a country or a large city of that name; then those with names that begin so, or
    hold it. Among equals the distance decides, times what a machine costs there: half as far makes up for twice the
    price.
    """
    wanted = plain(typed)
    if not wanted:
        return ()
    offered = _offered(book)
    near = _near(wanted, offered)
    found: list[Region] = [region for region in offered if region.code == wanted]
    found += _by_price(region for region in offered if wanted in (plain(region.city), *region.aliases))
    # Two letters are more often the beginning of a name than a country.
    begin = _by_price(region for region in offered if any(name.startswith(wanted) for name in _names(region)))
    found += [*begin, *near] if len(wanted) < 3 else [*near, *begin]
    found += _by_price(region for region in offered if any(wanted in name for name in _names(region)))
    return tuple({region.code: region for region in found}.values())


def place_advice(typed: str, book: RegionBook) -> str:
    """What to say to somebody who typed a city or country in the place of a code; "" where it is none.

    A country with no region of its own is told so: no region is called like it that is not in it.
    """
    wanted = plain(typed)
    if not _near(wanted, _offered(book)):
        return ""
    found = [f"{region.code} ({region.city})" for region in regions_for(typed, book)[:NEAR]]
    best = f"he best for it {'is' if len(found) == 1 else 'are'} {', '.join(found)}"
    code = country_code(wanted) if len(wanted) >= 3 else None
    if code is None or any(country_code(region.country) == code for region in _offered(book)):
        return f"T{best}"
    return f"Fly.io has no region in that country; t{best}"


def _offered(book: RegionBook) -> list[Region]:
    return [region for region in book if not region.deprecated]


def _near(wanted: str, offered: Sequence[Region]) -> list[Region]:
    """Regions in a country, or those nearest to it where it has none; those nearest to a city."""
    code = country_code(wanted)
    if code is not None:
        people: People = [(cell.at, cell.people) for cell in cells() if cell.country == code]
        inside = [region for region in offered if country_code(region.country) == code]
        return _ranked(inside, people) if inside else _ranked(offered, people)[:NEAR]
    place = (city(wanted) or city_of_zone(wanted)) if len(wanted) >= 3 else None
    return _ranked(offered, [(place, 1.0)])[:NEAR] if place else []


def _ranked(regions: Iterable[Region], people: People) -> list[Region]:
    """Regions by how far people are from them on average, times what a machine costs there.

    A region whose place or price is not known cannot be compared, and comes last.
    """
    total = sum(number for _, number in people)

    def cost(region: Region) -> tuple[bool, float]:
        if region.at is None or region.markup is None or not total:
            return True, 0.0
        away = sum(max(_LEAST_KM, kilometres(place, region.at)) * number for place, number in people) / total
        return False, away * region.markup

    return sorted(regions, key=cost)


def _by_price(regions: Iterable[Region]) -> list[Region]:
    return sorted(regions, key=lambda region: (region.markup is None, region.markup or 0.0))


def _names(region: Region) -> tuple[str, ...]:
    return (region.code, plain(region.city), plain(region.country), *region.aliases)
