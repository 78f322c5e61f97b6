"""What `flyo init` does about regions that Fly.io has closed since a file was written."""

from __future__ import annotations

from dataclasses import replace

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.asked import DEFAULT_PRIMARY, Asked
from flyctl_orchestrator.project.scaffold import Answers, Existing


def reopened(existing: Existing, asked: Asked, book: RegionBook) -> Existing:
    """`existing` with the new primary region in the place of the closed one, where flyo.toml counts on that."""
    fly, flyo = existing.fly, existing.flyo
    if fly is None or flyo is None or asked.primary is None or asked.regions or asked.primary in flyo.regions:
        return existing
    if fly.primary_region not in book.closed:
        return existing
    regions = {asked.primary if code == fly.primary_region else code: n for code, n in flyo.regions.items()}
    return replace(existing, flyo=replace(flyo, regions=regions))


def refuse_closed(answers: Answers, book: RegionBook) -> None:
    """Write no file that counts on a closed region.

    Raises:
        UsageError: one of the regions is closed (code config.unknown_region); names the flag that repairs it.
    """
    for code in (answers.primary, *answers.regions):
        if code not in book.closed:
            continue
        error = book.unknown(code, where="flyo init")
        near = open_region(code, book)
        if code == answers.primary:
            flag = f"--primary {near}"
        else:
            rest = [f"{near if region == code else region}={n}" for region, n in answers.regions.items()]
            flag = f"--regions {','.join(rest)}"
        raise UsageError(error.what, where="flyo init", next=f"{error.next}: add {flag}", code=error.code)


def open_region(code: str, book: RegionBook) -> str:
    """`code` where it is a region; the nearest open one to a closed one."""
    place = book.closed.get(code)
    if book.get(code):
        return code
    return book.nearest(place, 1)[0].code if place else DEFAULT_PRIMARY
