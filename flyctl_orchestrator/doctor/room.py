"""Whether the platform offers the regions of a project, and has room there for machines that are still to be made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.fleet.regions.api import Offered


@dataclass(frozen=True)
class Need:
    """What a process group needs in a region.

    Attributes:
        size: of a machine, for a person.
        new: machines that are still to be made.
        room: how many would find room.
    """

    region: str
    group: str
    size: str
    new: int
    room: int


def check_offered(
    where: str, regions: Collection[str], offered: Mapping[str, Offered], book: RegionBook
) -> Iterator[Finding]:
    """Regions of a project that the platform does not offer, or not to everybody.

    Args:
        where: the file that names them.
        offered: those of the platform, by code.
        book: what is known of regions without asking; what it says is not said again.
    """
    for code in regions:
        seen, known = offered.get(code), book.get(code)
        if seen is None:
            what = f"the platform does not offer region {code}: no machine can be made there"
            yield Finding("error", where, what, _elsewhere(code, book), code="doctor.region_not_offered")
        elif seen.closing and not (known and known.deprecated):
            what = f"region {code} is deprecated, as the platform says, and takes no new machines"
            yield Finding("warning", where, what, _elsewhere(code, book), code="doctor.region_closing")
        elif seen.paid:
            what = f"region {code} takes machines of organizations with a paid plan alone"
            fix = "See under Billing in Fly.io's dashboard that the organization has one"
            yield Finding("info", where, what, fix, code="doctor.region_paid")


def check_room(where: str, needs: Iterable[Need], book: RegionBook) -> Iterator[Finding]:
    """Regions that have too little room now: for what is still to be made, or for any machine at all."""
    for need in needs:
        what = f"region {need.region} has room for {need.room} of {need.new}"
        if need.room >= max(1, need.new):
            continue
        if need.new:
            what += f" machines of process group {need.group} ({need.size}) that are still to be made"
            fix = f"{_elsewhere(need.region, book)}; or wait, or take a smaller size"
            yield Finding("warning", where, what, fix, code="doctor.no_room")
        else:
            what = f"region {need.region} has no room now for another machine of process group {need.group}"
            fix = "Nothing, as long as the machines there stay: one that has to be made anew would find no place"
            yield Finding("info", where, f"{what} ({need.size})", fix, code="doctor.no_room")


def room_unknown(where: str, why: str) -> Finding:
    """That nobody says how much room there is.

    Args:
        why: a few words for a person.
    """
    what = f"whether there is room in its regions is not known: {why}"
    fix = "Nothing: a rollout that finds none says so, and takes back what it has changed"
    return Finding("info", where, what, fix, code="doctor.room_unknown")


def _elsewhere(code: str, book: RegionBook) -> str:
    region = book.get(code)
    at = region.at if region else book.closed.get(code)
    near = [f"{each.code} ({each.city})" for each in (book.nearest(at, 4) if at else ()) if each.code != code][:3]
    return f"Take another region: the nearest are {', '.join(near)}" if near else "Take another region"
