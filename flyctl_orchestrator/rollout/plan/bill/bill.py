"""What an app costs a month, all of it, from its files and what is declared of its use. Unknown stays unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import Region, RegionBook
from flyctl_orchestrator.project.model import FlyToml, Project
from flyctl_orchestrator.rollout.plan.bill.reservation import Advice, Reservation, worth_reserving
from flyctl_orchestrator.rollout.plan.cost import Guest, guest_of_size

HOURS = 24.0


@dataclass(frozen=True)
class Use:
    """What the bill depends on and no file says.

    Attributes:
        hours: hours a day for which a machine that may sleep is awake.
        rootfs_gb: size of a machine's image on its disk.
        snapshots_gb: of all snapshots together.
        public_gb: traffic to the internet, by region.
        private_gb: traffic to other regions over the private network, by region; what fly-replay carries is in it.
        ipv4: dedicated IPv4 addresses.
        egress_ips: static egress addresses.
        certificates: certificates of single names.
        wildcards: certificates of wildcards.
        postgres: plan of a Managed Postgres, None for none.
        postgres_gb: storage provisioned for it.
        reserved: machines paid a year ahead.
    """

    hours: float = HOURS
    rootfs_gb: float = 1.0
    snapshots_gb: float = 0.0
    public_gb: Mapping[str, float] = field(default_factory=dict)
    private_gb: Mapping[str, float] = field(default_factory=dict)
    ipv4: int = 0
    egress_ips: int = 0
    certificates: int = 0
    wildcards: int = 0
    postgres: str | None = None
    postgres_gb: float = 0.0
    reserved: tuple[Reservation, ...] = ()


@dataclass(frozen=True)
class Item:
    """One line of a bill.

    Attributes:
        what: e.g. "machines of app".
        where: region code, "" for what is in none.
        amount: in words: "2 machines, 1 awake 8 of 24 h".
        usd: per month; None when its price is not known.
        kind: of machines, "shared" or "performance"; "" for other things.
    """

    what: str
    where: str
    amount: str
    usd: float | None
    kind: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        usd = None if self.usd is None else round(self.usd, 2)
        return {"what": self.what, "region": self.where or None, "amount": self.amount, "usd_per_month": usd}


@dataclass(frozen=True)
class Standing:
    """What is there already, and stays as it is when the files say nothing else.

    Attributes:
        guests: the size of each process group's machines, for groups without a [[vm]].
        volumes: GB of each volume, by region and name. One is kept when its machine goes, and keeps its size.
    """

    guests: Mapping[str, Guest] = field(default_factory=dict)
    volumes: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)


NOTHING = Standing()


@dataclass(frozen=True)
class Bill:
    """All lines of an app's month.

    Attributes:
        saved: US dollars that the machines' sleep saves, their images on disk counted; None when a price is not known.
        advice: what would save more if it were paid a year ahead; empty when something is, already.
    """

    items: tuple[Item, ...]
    saved: float | None
    as_of: str
    advice: tuple[Advice, ...] = ()

    @property
    def total(self) -> float:
        """US dollars per month of what has a known price."""
        return sum(item.usd for item in self.items if item.usd is not None)

    @property
    def complete(self) -> bool:
        """Whether every line has a price."""
        return all(item.usd is not None for item in self.items)

    def as_dict(self) -> dict[str, Any]:
        """The bill as plain JSON values."""
        return {
            "usd_per_month": round(self.total, 2),
            "complete": self.complete,
            "usd_per_month_saved_by_sleep": None if self.saved is None else round(self.saved, 2),
            "worth_reserving": [advice.as_dict() for advice in self.advice],
            "items": [item.as_dict() for item in self.items],
            "prices_as_of": self.as_of,
        }


def bill_of(project: Project, use: Use, prices: PriceBook, regions: RegionBook, standing: Standing = NOTHING) -> Bill:
    """What the app's files and its declared use cost in a month of 30 days.

    Args:
        standing: what is there already; nothing, for the bill of the files alone.

    Raises:
        UsageError: no file names a region.
    """

    def machines_of(use: Use) -> list[Item]:
        return [*_all_machines(project, use, prices, regions, standing)]

    return bill_from(machines_of, use, prices, regions)


def bill_from(machines_of: Callable[[Use], Sequence[Item]], use: Use, prices: PriceBook, regions: RegionBook) -> Bill:
    """A bill of machines, their disks and volumes, which `machines_of` gives for some use, and of all else."""
    machines = machines_of(use)
    awake = _sum(machines_of(replace(use, hours=HOURS)))
    asleep = _sum(machines)
    saved = None if awake is None or asleep is None else awake - asleep
    by_kind = {kind: _known(machines, kind) for kind in prices.cpu_second}
    advice = () if use.reserved else worth_reserving(prices, by_kind)
    items = (*machines, *_reserved(use, machines), *_others(use, prices, regions))
    return Bill(items, saved, prices.captured_on.isoformat(), advice)


def _known(machines: Iterable[Item], kind: str) -> float:
    """What machines of that kind cost, those of a known price."""
    return sum(item.usd for item in machines if item.kind == kind and item.usd is not None)


def _reserved(use: Use, machines: Sequence[Item]) -> Iterator[Item]:
    for reservation in use.reserved:
        yield Item(f"reservation, {reservation.kind}", "", f"{reservation.year:g} USD a year", reservation.month)
        known = _known(machines, reservation.kind)
        enough = known >= reservation.pays or all(item.usd is not None for item in machines)
        paid = -min(known, reservation.pays) if enough else None
        yield Item("paid by the reservation", "", f"{reservation.pays:g} USD at most", paid)


def _sum(items: Iterable[Item]) -> float | None:
    known = [item.usd for item in items]
    return None if None in known else sum(usd for usd in known if usd is not None)


def _all_machines(
    project: Project, use: Use, prices: PriceBook, regions: RegionBook, standing: Standing
) -> Iterator[Item]:
    fly = project.flytoml
    kept = dict(standing.volumes)
    for group in fly.process_groups:
        guest = standing.guests.get(group) if fly.vm_of(group) is None else None
        guest = guest or guest_of_size(fly.size_of(group))
        named = name_of(guest) if guest else fly.size_of(group).size
        for code in project.flyo.groups.get(group, project.regions()):
            count = project.wanted(code, group)
            if not count:
                continue
            usd = month_of(guest, regions.get(code), prices)
            many = Many(group, code, f"{count} × {named}", count, None if usd is None else usd * count)
            yield from items_of(many, _sleepers(fly, group, code, count), guest, use, prices)
            if group in fly.volumes:
                mount = fly.volumes[group]
                yield _volumes(code, count, mount.size_gb, kept.pop((code, mount.source), ()), prices)
    for (code, _), sizes in kept.items():
        yield _volumes(code, 0, 0, sizes, prices)


def _volumes(code: str, count: int, size_gb: int, kept: Sequence[int], prices: PriceBook) -> Item:
    new = max(0, count - len(kept))
    amounts = [f"{number} × {size} GB" for size, number in sorted(Counter([*kept, *[size_gb] * new]).items())]
    return Item("volumes", code, ", ".join(amounts), _times(prices.volume_month(1), sum(kept) + new * size_gb))


@dataclass(frozen=True)
class Many:
    """Machines of a process group in a region: in words, how many, and US dollars for them awake all month."""

    group: str
    region: str
    amount: str
    count: int
    usd: float | None


def items_of(many: Many, sleepers: int, guest: Guest | None, use: Use, prices: PriceBook) -> Iterator[Item]:
    """The lines of such machines, of which so many may sleep: themselves, and the disks of those asleep."""
    asleep = sleepers * (1 - use.hours / HOURS)
    usd = None if many.usd is None else many.usd * (1 - asleep / many.count)
    amount = many.amount
    if asleep:
        amount += f", {sleepers} of them awake {use.hours:g} of 24 h"
    yield Item(f"machines of {many.group}", many.region, amount, usd, guest.kind if guest else "")
    if asleep and use.rootfs_gb:
        disk = f"{use.rootfs_gb:g} GB × {sleepers}"
        usd = _times(prices.month.get("rootfs_gb"), use.rootfs_gb * asleep)
        yield Item("image on disk while asleep", many.region, disk, usd)


def name_of(guest: Guest) -> str:
    """A size in words, e.g. "shared-cpu-1x 512 MB"."""
    return f"{guest.kind}-cpu-{guest.cpus}x {guest.memory_mb} MB"


def month_of(guest: Guest | None, region: Region | None, prices: PriceBook) -> float | None:
    """US dollars of one machine that is awake all month; None when its size or region has no known price."""
    markup = region.markup if region else None
    if guest is None or markup is None or guest.kind not in prices.cpu_second:
        return None
    return prices.machine_month(guest.kind, guest.cpus, guest.memory_mb, markup)


def _sleepers(fly: FlyToml, group: str, code: str, count: int) -> int:
    """How many machines of a group the proxy may put to sleep in a region."""
    services = [service for service in fly.services if fly.belongs(service.processes, group)]
    if not services or any(service.auto_stop == "off" for service in services):
        return 0
    kept = max(service.min_running for service in services) if code == fly.primary_region else 0
    return max(0, count - kept)


def _others(use: Use, prices: PriceBook, regions: RegionBook) -> Iterator[Item]:
    named = (
        ("snapshots", "snapshot_gb", use.snapshots_gb, "GB"),
        ("dedicated IPv4", "dedicated_ipv4", use.ipv4, ""),
        ("static egress addresses", "static_egress_ip", use.egress_ips, ""),
        ("certificates", "certificate", use.certificates, ""),
        ("wildcard certificates", "wildcard_certificate", use.wildcards, ""),
        (f"Managed Postgres {use.postgres}", f"postgres_{use.postgres}", int(bool(use.postgres)), ""),
        ("storage of Managed Postgres", "postgres_gb", use.postgres_gb, "GB"),
    )
    for what, name, amount, unit in named:
        if amount:
            charged = max(0.0, amount - prices.free.get(name, 0.0))
            yield Item(what, "", f"{amount:g} {unit}".strip(), _times(prices.month.get(name), charged))
    for what, table, by_region in (
        ("traffic to the internet", prices.public_gb, use.public_gb),
        ("traffic to other regions", prices.private_gb, use.private_gb),
    ):
        for code, gigabytes in by_region.items():
            region = regions.get(code)
            price = table.get(region.area) if region and region.area else None
            yield Item(what, code, f"{gigabytes:g} GB", _times(price, gigabytes))


def _times(price: float | None, amount: float) -> float | None:
    return None if price is None else price * amount
