"""Where this computer probably is, by its time zone: nothing is asked over the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.catalog.regions import Place, Region, RegionBook
from flyctl_orchestrator.catalog.zones import place_of_zone

_LONGEST = 100


@dataclass(frozen=True)
class OwnPlace:
    """A guess.

    Attributes:
        zone: the time zone that it comes from, e.g. "Europe/Berlin".
        at: the city that the zone is named after.
    """

    zone: str
    at: Place

    def region(self, book: RegionBook) -> Region | None:
        """The open region that is nearest, None where no region's place is known."""
        return next(iter(book.nearest(self.at, 1)), None)


def own_place(variables: Mapping[str, str], etc: Path) -> OwnPlace | None:
    """Where the computer is by TZ, by the link that /etc/localtime is, or by /etc/timezone: the first that is there.

    Args:
        etc: the directory with `localtime` and `timezone`.

    Returns: None where there is no time zone, or one that is nowhere, such as UTC.
    """
    zone = variables.get("TZ") or _linked(etc / "localtime") or _written(etc / "timezone")
    # POSIX lets TZ begin with a colon; some write the file's path.
    zone = _in_database((zone or "").removeprefix(":"))
    at = place_of_zone(zone)
    return None if at is None else OwnPlace(zone, at)


def _linked(path: Path) -> str | None:
    """The zone whose file a link leads to: /usr/share/zoneinfo/Europe/Berlin."""
    try:
        target = str(path.readlink())
    except OSError:
        return None
    return target if "zoneinfo" in target else None


def _written(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(_LONGEST).strip()
    except OSError:
        return None


def _in_database(written: str) -> str:
    """A zone's name in what may be a path to its file."""
    _, found, name = written.partition("zoneinfo")
    if not found:
        return written
    # zoneinfo.default, zoneinfo/posix: the same zones once more.
    name = name.partition("/")[2]
    return name.removeprefix("posix/").removeprefix("right/")
