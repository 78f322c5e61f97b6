"""What a plan makes an app cost more or less: machines that run all month, at dated prices. Unknown stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.catalog.sizes import PRESET_MB, preset
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project.model import FlyToml, Size
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.steps import DestroyVolume, TakeVolume


@dataclass(frozen=True)
class Guest:
    """A machine's size: kind of processor ("shared", "performance"), their number, and memory in MB."""

    kind: str
    cpus: int
    memory_mb: int


@dataclass(frozen=True)
class Cost:
    """What a plan changes in the bill.

    Attributes:
        lanes: US dollars per month by lane name; None where a size or a price is not known.
        as_of: date of the prices, ISO 8601.
    """

    lanes: dict[str, float | None]
    as_of: str

    @property
    def month(self) -> float | None:
        """The sum, None when a part of it is not known."""
        known = [change for change in self.lanes.values() if change is not None]
        return sum(known) if len(known) == len(self.lanes) else None

    def as_dict(self) -> dict[str, Any]:
        """The change as plain JSON values."""
        month = None if self.month is None else round(self.month, 2)
        return {"usd_per_month": month, "prices_as_of": self.as_of, "machines": "running all month"}


def plan_cost(
    plan: Plan,
    machines: Iterable[Machine],
    flytoml: FlyToml,
    prices: PriceBook,
    regions: RegionBook,
    volumes: Iterable[Volume] = (),
) -> Cost:
    """Price every lane of a plan: what its machine and its volume cost afterwards, less what they cost now."""
    seen = list(machines)
    now = {machine.id: guest_of(machine) for machine in seen}
    # A new machine is made like one that its group has.
    models = {machine.group: now[machine.id] for machine in reversed(seen)}

    def later(lane: Lane) -> Guest | None:
        size = flytoml.vm_of(lane.group)
        if size is not None:
            return guest_of_size(size)
        # Without a [[vm]] flyctl leaves machines the size they have.
        if lane.machine is not None:
            return now.get(lane.machine)
        return models[lane.group] if lane.group in models else guest_of_size(Size())

    sizes = {volume.id: volume.size_gb for volume in volumes}
    changes: dict[str, float | None] = {}
    for lane in plan.lanes:
        parts = (_change(lane, now, later, prices, regions), volume_change(lane, sizes, prices))
        changes[lane.name] = None if None in parts else sum(part or 0.0 for part in parts)
    return Cost(changes, prices.captured_on.isoformat())


def volume_change(lane: Lane, sizes: Mapping[str, int], prices: PriceBook) -> float | None:
    """What a lane's volumes cost more or less a month; None when a size or the price is not known.

    Args:
        sizes: volume id -> GB. A volume costs the same with and without a machine.
    """
    gb = sum(step.size_gb for step in lane.steps if isinstance(step, TakeVolume) and not step.volume)
    gone = [sizes.get(step.volume) for step in lane.steps if isinstance(step, DestroyVolume)]
    if None in gone:
        return None
    change = gb - sum(size or 0 for size in gone)
    return prices.volume_month(change) if change else 0.0


def _change(
    lane: Lane,
    now: dict[str, Guest | None],
    later: Callable[[Lane], Guest | None],
    prices: PriceBook,
    regions: RegionBook,
) -> float | None:
    # The machine that a replacement takes the place of goes in a lane of its own.
    before: float | None = 0.0
    after: float | None = 0.0
    if lane.machine is not None:
        before = _price(now.get(lane.machine), lane.region, prices, regions)
    if lane.action != "destroy":
        after = _price(later(lane), lane.region, prices, regions)
    return None if before is None or after is None else after - before


def _price(guest: Guest | None, region: str, prices: PriceBook, regions: RegionBook) -> float | None:
    place = regions.get(region)
    if guest is None or place is None or place.markup is None or guest.kind not in prices.cpu_second:
        return None
    return prices.machine_month(guest.kind, guest.cpus, guest.memory_mb, place.markup)


def guest_of(machine: Machine) -> Guest | None:
    """The size a machine has now, None when its configuration does not say."""
    guest = machine.config.get("guest") or {}
    try:
        return Guest(str(guest["cpu_kind"]), int(guest["cpus"]), int(guest["memory_mb"]))
    except (KeyError, TypeError, ValueError):
        return None


def guest_of_size(size: Size) -> Guest | None:
    """The size that a `[[vm]]` entry of fly.toml asks for, None when its preset is not known."""
    named = preset(size.size) if size.size else None
    if (size.size and named is None) or size.gpu_kind:
        return None
    kind = size.cpu_kind or (named[0] if named else "shared")
    cpus = size.cpus or (named[1] if named else 1)
    if kind not in PRESET_MB:
        return None
    return Guest(kind, cpus, size.memory_mb or cpus * PRESET_MB[kind])
