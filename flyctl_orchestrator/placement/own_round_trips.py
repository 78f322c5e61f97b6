"""Round trips that somebody has measured, from a file of theirs, in place of those of the catalog.

from,to,ms,p95            [from.Singapore]
Singapore,nrt,71,80       nrt = [71, 80]     # median, P95
Singapore,iad,230,        iad = 230
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flyctl_orchestrator.catalog.latency import BESIDE_KM, LatencyTable, Vantage, kilometres, light_ms
from flyctl_orchestrator.catalog.people import city
from flyctl_orchestrator.catalog.regions import Place, RegionBook
from flyctl_orchestrator.errors import UsageError

LONGEST_MS = 10_000.0
_MODEL = "Write lines such as Singapore,nrt,71,80 under the head from,to,ms,p95"


@dataclass(frozen=True)
class OwnRoundTrip:
    """One measurement: from a city or region to a region, median and P95 in milliseconds."""

    start: str
    at: Place
    code: str
    ms: float
    p95: float | None


def from_csv(text: str, shown: str, regions: RegionBook, table: LatencyTable) -> tuple[OwnRoundTrip, ...]:
    """The measurements of a CSV file.

    Args:
        shown: what to call the file in messages.

    Raises:
        UsageError: a line is no measurement, or none that can be (code regions.rtt).
    """
    return _all(_csv(text.replace("\x00", "\ufffd"), shown), shown, regions, table)


def from_toml(
    data: Mapping[str, Any], shown: str, regions: RegionBook, table: LatencyTable
) -> tuple[OwnRoundTrip, ...]:
    """The measurements of a TOML file, its data parsed already; otherwise as `from_csv`."""
    return _all(_toml(data, shown), shown, regions, table)


def _all(rows: Iterable[_Written], shown: str, regions: RegionBook, table: LatencyTable) -> tuple[OwnRoundTrip, ...]:
    found = tuple(_checked(row, regions, table) for row in rows)
    if not found:
        raise _refused("holds no round trips", shown)
    return found


def with_own(table: LatencyTable, own: Sequence[OwnRoundTrip]) -> LatencyTable:
    """The table with these measurements in it; a place of theirs stands for those it knew beside it, too."""
    by_place: dict[tuple[str, Place], list[OwnRoundTrip]] = defaultdict(list)
    for trip in own:
        by_place[trip.start, trip.at].append(trip)
    new = []
    for (start, at), trips in by_place.items():
        between = {code: table.between(at, code) for code in table.codes}
        ms = {code: trip.ms for code, trip in between.items()} | {trip.code: trip.ms for trip in trips}
        p95 = {code: trip.p95 for code, trip in between.items() if trip.p95 is not None}
        for trip in trips:
            p95.pop(trip.code, None)
        p95 |= {trip.code: trip.p95 for trip in trips if trip.p95 is not None}
        measured = frozenset(trip.code for trip in trips)
        new.append(Vantage(start, at, ms, measured, p95))
    kept = [known for known in table.vantages if all(kilometres(known.at, mine.at) > BESIDE_KM for mine in new)]
    return replace(table, vantages=(*new, *kept), own=len(own))


@dataclass(frozen=True)
class _Written:
    where: str
    start: str
    code: str
    ms: Any
    p95: Any


def _csv(text: str, shown: str) -> Iterator[_Written]:
    reader = csv.reader(text.splitlines())
    rows = _rows(reader, shown)
    _, head = next(rows, (1, []))
    names = [name.strip().lower() for name in head]
    if len(set(names)) < len(names) or not {"from", "to", "ms"} <= set(names):
        raise _refused("does not begin with the names of its columns: from, to, ms and perhaps p95", f"{shown}:1")
    for number, row in rows:
        where = f"{shown}:{number}"
        if len(row) > len(names):
            raise _refused(f"has {len(row)} columns, and the head {len(names)}", where)
        cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
        yield _Written(where, cells.get("from", ""), cells.get("to", ""), cells.get("ms", ""), cells.get("p95") or None)


def _rows(reader: Any, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their line numbers; empty ones and comments are left out."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(f"is not CSV: {error}", f"{shown}:{reader.line_num}") from None
        if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
            yield reader.line_num, row


def _toml(written: Mapping[str, Any], shown: str) -> Iterator[_Written]:
    data = written.get("from")
    if not isinstance(data, Mapping):
        raise _refused("has no table [from.PLACE]", shown, "Write e.g. [from.Singapore] and nrt = [71, 80]")
    for start, times in data.items():
        if not isinstance(times, Mapping):
            raise _refused(f"from.{_shown(start)} is no table of round trips", shown, "Write e.g. nrt = [71, 80]")
        for code, told in times.items():
            both = told if isinstance(told, list) else [told]
            where = f"{shown}: from.{_shown(start)}.{_shown(code)}"
            if len(both) not in (1, 2):
                raise _refused("is not one time or two", where, "Write a median, or [median, P95]")
            yield _Written(where, start, code, both[0], both[1] if len(both) == 2 else None)


def _checked(row: _Written, regions: RegionBook, table: LatencyTable) -> OwnRoundTrip:
    code = row.code.casefold()
    target = regions.get(code)
    if target is None or target.at is None or code not in table.codes:
        raise _refused(f"'{_shown(row.code)}' is none of Fly.io's regions", row.where, _known(table.codes))
    start = regions.get(row.start.casefold())
    at = start.at if start is not None else city(row.start)
    if at is None:
        raise _refused(
            f"'{_shown(row.start)}' is no region and no city that is known",
            row.where,
            "Take a city above 500,000 inhabitants or a region's code",
        )
    ms = _milliseconds(row.ms, row.where)
    p95 = None if row.p95 is None else _milliseconds(row.p95, row.where)
    light = light_ms(kilometres(at, target.at))
    if ms < light:
        raise _refused(
            f"{ms:g} ms is faster than light, which needs {light:.1f} ms from {_shown(row.start)} to {code} and back",
            row.where,
            "Check the unit and the way: milliseconds, there and back",
        )
    if p95 is not None and p95 < ms:
        raise _refused(f"a P95 of {p95:g} ms is below the median of {ms:g} ms", row.where, "Check which is which")
    return OwnRoundTrip(start.code if start else row.start, at, code, ms, p95)


def _milliseconds(written: Any, where: str) -> float:
    try:
        ms = math.nan if isinstance(written, bool) else float(written)
    except (TypeError, ValueError, OverflowError):
        ms = math.nan
    if not 0 < ms <= LONGEST_MS:
        raise _refused(f"'{_shown(str(written))}' is no time in milliseconds above 0 and up to 10,000", where)
    return ms


def _known(codes: Iterable[str]) -> str:
    return f"Known are {' '.join(sorted(codes))}"


def _refused(what: str, where: str, next: str = _MODEL) -> UsageError:
    return UsageError(what, where=where, next=next, code="regions.rtt")


def _shown(text: str) -> str:
    return text if text.isprintable() and len(text) <= 40 else repr(text[:40])
