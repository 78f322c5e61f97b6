"""Which idle machines to put to sleep. Pure; the rules are those of Fly's autostop page.

Per region, one machine at a time: with several running, when `running - (over soft limit + 1)` is 1 or more; with one
running, when it has no load at all. `min_machines_running` counts in the primary region only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from flyctl_orchestrator.local.proxy.backend import SleepMode, Target


@dataclass(frozen=True)
class Sleep:
    """Put `machine_id` to sleep, by stopping or suspending it."""

    machine_id: str
    region: str
    mode: SleepMode


def excess_capacity(running: int, over_soft_limit: int) -> int:
    """How many of several running machines of a region are not needed."""
    return running - (over_soft_limit + 1)


def idle_machines(targets: Iterable[Target], load: Callable[[str], int], primary_region: str | None) -> list[Sleep]:
    """One pass over an app: at most one machine per region.

    Args:
        load: units of load on a machine, by its id.

    Machines that the proxy does not route to (cordoned, failing checks) are none of its business and stay as they are.
    """
    by_region: dict[str, list[Target]] = {}
    for target in targets:
        if target.state == "started" and target.routable:
            by_region.setdefault(target.region, []).append(target)
    found = (_idle_in(running, load, region == primary_region) for region, running in sorted(by_region.items()))
    return [sleep for sleep in found if sleep is not None]


def _idle_in(running: Sequence[Target], load: Callable[[str], int], primary: bool) -> Sleep | None:
    candidates = [t for t in running if t.service.autostop != "off"]
    if not candidates or not _has_excess(running, load):
        return None
    if primary and len(running) <= max(t.service.min_machines_running for t in running):
        return None
    least = min(candidates, key=lambda t: (load(t.machine_id), t.machine_id))
    return Sleep(least.machine_id, least.region, least.service.autostop)


def _has_excess(running: Sequence[Target], load: Callable[[str], int]) -> bool:
    if len(running) == 1:
        return load(running[0].machine_id) == 0
    over = sum(1 for t in running if load(t.machine_id) >= t.service.soft_limit)
    return excess_capacity(len(running), over) >= 1
