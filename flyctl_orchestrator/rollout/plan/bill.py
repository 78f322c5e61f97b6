"""What an app costs a month, all of it, from its files and what is declared of its use. Unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import Region, RegionBook
from flyctl_orchestrator.project.model import FlyToml, Project
from flyctl_orchestrator.rollout.plan.cost import guest_of_size
from flyctl_orchestrator.rollout.plan.reservation import Advice, Reservation, worth_reserving

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


def bill_of(project: Project, use: Use, prices: PriceBook, regions: RegionBook) -> Bill:
    """What the app's files and its declared use cost in a month of 30 days.

    Raises:
        UsageError: no file names a region.
    """
    machines = list(_all_machines(project, use, prices, regions))
    awake = _sum(_all_machines(project, replace(use, hours=HOURS), prices, regions))
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


def _all_machines(project: Project, use: Use, prices: PriceBook, regions: RegionBook) -> Iterator[Item]:
    for group in project.flytoml.process_groups:
        for code in project.flyo.groups.get(group, project.regions()):
            count = project.wanted(code, group)
            if count:
                yield from _machines(project.flytoml, group, regions.get(code), code, count, use, prices)


def _machines(
    fly: FlyToml, group: str, region: Region | None, code: str, count: int, use: Use, prices: PriceBook
) -> Iterator[Item]:
    guest = guest_of_size(fly.size_of(group))
    markup = region.markup if region else None
    sleepers = _sleepers(fly, group, code, count)
    asleep = sleepers * (1 - use.hours / HOURS)
    usd = None
    if guest is not None and markup is not None and guest.kind in prices.cpu_second:
        usd = prices.machine_month(guest.kind, guest.cpus, guest.memory_mb, markup) * (count - asleep)
    named = f"{guest.kind}-cpu-{guest.cpus}x {guest.memory_mb} MB" if guest else fly.size_of(group).size
    amount = f"{count} × {named}"
    if asleep:
        amount += f", {sleepers} of them awake {use.hours:g} of 24 h"
    yield Item(f"machines of {group}", code, amount, usd, guest.kind if guest else "")
    if asleep and use.rootfs_gb:
        yield Item(
            "image on disk while asleep",
            code,
            f"{use.rootfs_gb:g} GB × {sleepers}",
            _times(prices.month.get("rootfs_gb"), use.rootfs_gb * asleep),
        )
    if group in fly.volumes:
        size = fly.volumes[group].size_gb
        yield Item("volumes", code, f"{count} × {size} GB", _times(prices.volume_month(size), count))


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
