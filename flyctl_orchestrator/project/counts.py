"""Machine counts per region as typed on a command line: "iad=2,fra" or "iad=2 fra=1"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flyotoml import MOST_MACHINES


def parse_counts(
    words: Iterable[str], *, where: str, regions: RegionBook, default: int | None = None
) -> dict[str, int]:
    """Machines per region, in the order given.

    Args:
        words: each one or more CODE=N, separated by commas or spaces.
        where: what to call the place in messages, e.g. "--regions".
        default: the count of a bare CODE; None makes it an error.

    Raises:
        UsageError: an unknown region, a count that is none, or a region given twice.
    """
    counts: dict[str, int] = {}
    for item in _items(words):
        code, equals, count = item.partition("=")
        region = regions.require(code, where=where)
        if not equals and default is None:
            raise UsageError(f"'{code}' has no count", where=where, next=f"Write {code}=1", code="usage.count")
        if region.code in counts:
            raise UsageError(f"'{code}' is given twice", where=where, next="Give each region once", code="usage.count")
        counts[region.code] = _count(code, count, where) if equals else default or 0
    return counts


def _items(words: Iterable[str]) -> Iterator[str]:
    return (item for word in words for item in re.split(r"[,\s]+", word) if item)


def _count(code: str, written: str, where: str) -> int:
    if re.fullmatch(r"\d{1,9}", written, re.ASCII) and int(written) <= MOST_MACHINES:
        return int(written)
    raise UsageError(
        f"the count of '{code}' is not a whole number from 0 to {MOST_MACHINES}",
        where=where,
        next=f"Write {code}=1",
        code="usage.count",
    )
