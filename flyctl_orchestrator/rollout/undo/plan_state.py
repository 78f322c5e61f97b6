"""Plans the way back to a state of the fleet, whatever has happened since and whoever did it.

It looks at nothing but the two states: what there was and what there is. So it does not matter how far a killed run
came, and running it twice does no more than running it once.
"""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import destroy_lane, restore_lane
from flyctl_orchestrator.rollout.plan.plan import Lane, Wave
from flyctl_orchestrator.rollout.state.metadata import REPLACES, alike
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.undo.surge_undo import surge_undo_lane


def plan_return(restore_point: RestorePoint, machines: Mapping[str, Machine], limit: int) -> Wave:
    """The lanes that make `machines` what they were; none when they are.

    A machine that is gone is created again, and what has taken its place goes after that.

    Args:
        machines: the fleet as it is now.
        limit: machines that serve and are changed at once within one region.
    """
    spare = [
        m for m in machines.values() if m.managed and m.id not in restore_point.machines and restore_point.created(m)
    ]
    lanes: list[Lane] = []
    for before in restore_point.machines.values():
        now = machines.get(before.id)
        replacements = _heirs(before, now, spare)
        spare = [machine for machine in spare if machine not in replacements]
        lane = _lane(before, now, replacements, healthy=_provable(before) and before.id not in restore_point.ill)
        lanes += [lane] if lane else []
    lanes += [destroy_lane(machine) for machine in spare]
    # Those that do not serve come first: they have nothing to lose.
    return Wave("rollback", tuple(sorted(lanes, key=lambda lane: lane.weight)), limit=limit)


def _heirs(before: Machine, now: Machine | None, spare: list[Machine]) -> list[Machine]:
    """What stands in a machine's place: what says so itself, else, when it is gone, one machine of its place."""
    named = [machine for machine in spare if machine.metadata.get(REPLACES) == before.id]
    if named or now is not None:
        return named
    place = (before.region, before.group)
    return [machine for machine in spare if (machine.region, machine.group) == place][:1]


def _lane(before: Machine, now: Machine | None, replacements: list[Machine], *, healthy: bool) -> Lane | None:
    if now is None or replacements:
        return surge_undo_lane(before, now, replacements, healthy=healthy)
    if _same(now, before):
        return None
    serving = now.healthy
    # One that has its old configuration has only to be looked at, and nothing is lost by that.
    return restore_lane(now, before, healthy=healthy, weight=int(serving and not alike(now, before)))


def _provable(before: Machine) -> bool:
    return before.asleep or before.state == "started"


def _same(now: Machine, before: Machine) -> bool:
    """Whether nobody has changed the machine; that the proxy has put it to sleep is no change."""
    if now.instance_id != before.instance_id or now.cordoned != before.cordoned:
        return False
    return not before.asleep or now.sleep_state == before.sleep_state
