"""What the machines and volumes that are there cost a month, whatever the files say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.plan.bill.bill import (
    Bill,
    Item,
    Many,
    Standing,
    Use,
    bill_from,
    items_of,
    month_of,
    name_of,
)
from flyctl_orchestrator.rollout.plan.cost import guest_of
from flyctl_orchestrator.rollout.state.observe import Fleet


def bill_of_fleet(fleet: Fleet, use: Use, prices: PriceBook, regions: RegionBook) -> Bill:
    """What a fleet costs in a month of 30 days: machines awake all month, but for those that the proxy puts to sleep.

    Machines that only stand in for others, and those that flyo does not manage, are not in it.
    """
    places: dict[tuple[str, str], list[Machine]] = defaultdict(list)
    for machine in fleet.managed:
        if not machine.standbys:
            places[machine.group, machine.region].append(machine)

    def machines_of(use: Use) -> list[Item]:
        items = [item for place in places.values() for item in _place(place, use, prices, regions)]
        return [*items, *_volumes(fleet.volumes, prices)]

    return bill_from(machines_of, use, prices, regions)


def standing_of(fleet: Fleet) -> Standing:
    """What of a fleet stays as it is where the files say nothing else."""
    guests = {machine.group: guest for machine in reversed(fleet.managed) if (guest := guest_of(machine))}
    volumes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for volume in fleet.volumes:
        volumes[volume.region, volume.name].append(volume.size_gb)
    return Standing(guests, volumes)


def _place(machines: Sequence[Machine], use: Use, prices: PriceBook, regions: RegionBook) -> Iterator[Item]:
    guests = [guest_of(machine) for machine in machines]
    region = machines[0].region
    months = [month_of(guest, regions.get(region), prices) for guest in guests]
    named = Counter(name_of(guest) if guest else "unknown size" for guest in guests)
    amount = ", ".join(f"{number} × {name}" for name, number in named.items())
    usd = None if None in months else sum(each or 0.0 for each in months)
    kinds = {guest.kind for guest in guests if guest}
    many = Many(machines[0].group, region, amount, len(machines), usd)
    yield from items_of(many, _sleepers(machines), guests[0] if len(kinds) == 1 else None, use, prices)


def _sleepers(machines: Sequence[Machine]) -> int:
    """How many of a place's machines the proxy may put to sleep; in the primary region some are kept awake."""
    may = [machine for machine in machines if _may_sleep(machine)]
    kept = max((_kept(machine) for machine in may), default=0)
    return min(len(may), max(0, len(machines) - kept))


def _services(machine: Machine) -> list[Mapping[str, Any]]:
    return list(machine.config.get("services") or ())


def _may_sleep(machine: Machine) -> bool:
    services = _services(machine)
    return bool(services) and all(each.get("autostop") in (True, "stop", "suspend") for each in services)


def _kept(machine: Machine) -> int:
    if (machine.config.get("env") or {}).get("PRIMARY_REGION") != machine.region:
        return 0
    return max((int(each.get("min_machines_running") or 0) for each in _services(machine)), default=0)


def _volumes(volumes: Iterable[Volume], prices: PriceBook) -> Iterator[Item]:
    sizes: dict[str, list[int]] = defaultdict(list)
    for volume in volumes:
        sizes[volume.region].append(volume.size_gb)
    for region, found in sizes.items():
        amount = ", ".join(f"{number} × {size} GB" for size, number in sorted(Counter(found).items()))
        yield Item("volumes", region, amount, prices.volume_month(sum(found)))
