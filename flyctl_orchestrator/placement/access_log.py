"""Where users are, from an access log: lines as web servers write them, or a JSON object a line.

Only a line that names a country, or the region of Fly.io that the client came in by, can be placed. An address alone
cannot: that takes a geo database, and there is none here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.people import cells
from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.placement.users import Users, people_of

LONGEST_LINE = 65_536
DEEPEST = 3
# Names of JSON members, in lower case and with _ for -. FLY_REGION is the machine's own region and says nothing of the
# client; the header Fly-Region, which says where the client came in, is recognised among headers alone.
_PLACES = (
    *("country", "country_code", "client_country", "country_iso_code", "geoip_country_code", "cf_ipcountry"),
    *("edge_region", "client_region", "headers.fly_region", "http_fly_region"),
)
# The common log format, with or without what "combined" adds, and whatever a server was told to add after it.
_COMMON = re.compile(r'\S+ \S+ [^\["]*\[[^\]]*\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-)(?P<rest>(?: .*)?)')
_LAST = re.compile(r'[\s"]([A-Za-z]{2,3})"?$')


@dataclass(frozen=True)
class LogUsers:
    """What a log says of where users are.

    Attributes:
        requests: how many came from each place, a country's or region's code, most first.
        unplaced: requests that name no place that is known.
        unreadable: lines that are no request.
    """

    requests: Mapping[str, int]
    unplaced: int
    unreadable: int

    def users(self, regions: RegionBook) -> tuple[Users, ...]:
        """The users, by their requests."""
        total = sum(self.requests.values())
        found: list[Users] = []
        for place, count in self.requests.items():
            found += people_of(place, count / total, regions) or ()
        return tuple(found)


def read_log(path: Path, shown: str, regions: RegionBook, column: str | None = None) -> LogUsers:
    """Go through a log.

    Args:
        shown: what to call it in messages.
        column: name of the JSON member that holds a country or a region, in place of the usual ones; with dots where
            it is inside another one.

    Raises:
        UsageError: it cannot be read, or no line of it can be placed (code regions.log).
    """
    known = {cell.country for cell in cells()} | {region.code for region in regions if region.at is not None}
    wanted = (_plain(column),) if column else _PLACES
    found: Counter[str] = Counter()
    unplaced = unreadable = 0
    for line in _lines(path, shown):
        place = _place(line, wanted)
        if place is None:
            unreadable += 1
        elif place in known:
            found[place] += 1
        else:
            unplaced += 1
    if not found:
        raise _nothing(shown, unplaced, unreadable, column)
    return LogUsers(dict(found.most_common()), unplaced, unreadable)


def _nothing(shown: str, unplaced: int, unreadable: int, column: str | None) -> UsageError:
    if not unplaced:
        what = "holds no request in the common or combined log format, and no JSON object a line"
        return UsageError(
            f"{what} ({unreadable:,} {'line' if unreadable == 1 else 'lines'})" if unreadable else "is empty",
            where=shown,
            next="Name an access log, or write --users",
            code="regions.log",
        )
    told = f"under '{column[:40]!r}'" if column and not column.isprintable() else f"under '{column}'" if column else ""
    return UsageError(
        f"of its requests ({unplaced:,}) none names a country or a region of Fly.io {told}".rstrip()
        + "; to place an address takes a geo database, and flyo has none",
        where=shown,
        next="Log the country (such as CF-IPCountry) or the header Fly-Region as the last field, or write --users",
        code="regions.log",
    )


def _lines(path: Path, shown: str) -> Iterator[str]:
    """Lines that are not empty, read one by one: logs are long. What is no UTF-8 becomes replacement characters."""
    try:
        if not path.is_file():
            what = "does not exist" if not path.exists() else "is no plain file"
            raise UsageError(what, where=shown, next="Name an access log", code="regions.log")
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE):
                if text := line.decode("utf-8", "replace").strip():
                    yield text
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror or error}", where=shown, next="Check its permissions", code="regions.log"
        ) from None


def _place(line: str, wanted: tuple[str, ...]) -> str | None:
    """The place that a request names, "" when it names none, None when the line is no request."""
    if line.startswith("{"):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return None
        members = dict(_members(said, "", DEEPEST))
        return next((place for name in wanted for end, place in members.items() if _is(end, name) and place), "")
    request = _COMMON.fullmatch(line)
    if request is None:
        return None
    last = _LAST.search(request["rest"])
    return last[1].lower() if last else ""


def _members(said: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, str]]:
    """Texts inside an object, by name; what is inside another object has that one's name and a dot before it."""
    for name, value in said.items():
        full = f"{before}{_plain(name)}"
        if isinstance(value, list) and value:
            value = value[0]  # headers that may come several times
        if isinstance(value, str):
            yield full, value.strip().lower()
        elif isinstance(value, dict) and depth > 1:
            yield from _members(value, f"{full}.", depth - 1)


def _is(full: str, wanted: str) -> bool:
    return full == wanted or full.endswith(f".{wanted}")


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
