"""Plans a way back: from the fleet as it is now to a state it was in, whoever asks for it and however it came to this.

It looks at nothing but the two states: what there was and what there is. So it does not matter how far a killed run
came, and running it twice does no more than running it once.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import lane_name, restore_lane
from flyctl_orchestrator.rollout.plan.plan import Lane, Wave
from flyctl_orchestrator.rollout.plan.standbys import with_names
from flyctl_orchestrator.rollout.plan.steps import DestroyMachine
from flyctl_orchestrator.rollout.plan.surge import retirement
from flyctl_orchestrator.rollout.state.metadata import REPLACES, alike
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.undo.surge_undo import surge_undo_lane


def plan_way_back(
    point: RestorePoint, machines: Mapping[str, Machine], limit: int, *, failing: Container[str] = ()
) -> Wave:
    """The lanes that make `machines` what they were; none when they are.

    A machine that is gone is created again, and what has taken its place goes after that. All regions go at once,
    without canary or bake.

    Args:
        machines: the fleet as it is now, by id.
        limit: machines that serve and are changed at once within one region.
        failing: ids of machines that are known not to serve, whatever the platform's checks say.
    """
    new = [machine for machine in machines.values() if point.is_new(machine)]
    lanes: list[Lane] = []
    for before in point.machines.values():
        now = machines.get(before.id)
        replacements = _replacements(before, now, new)
        if not replacements and not point.concerns(before.id):
            continue
        new = [machine for machine in new if machine not in replacements]
        lane = _lane(before, now, replacements, failing, healthy=_provable(before) and before.id not in point.ill)
        lanes += [lane] if lane else []
    lanes = with_names(lanes, point.machines.values(), machines)
    changing = {lane.region for lane in lanes if lane.weight}
    lanes += [_destroy_lane(machine, changing, failing) for machine in new]
    # Those that do not serve come first: they have nothing to lose.
    return Wave("rollback", tuple(sorted(lanes, key=lambda lane: lane.weight)), limit=limit)


def _replacements(before: Machine, now: Machine | None, new: list[Machine]) -> list[Machine]:
    """What stands in a machine's place: what says so itself, else, when it is gone, one machine of its place."""
    named = [machine for machine in new if machine.metadata.get(REPLACES) == before.id]
    if named or now is not None:
        return named
    place = (before.region, before.group)
    return [machine for machine in new if (machine.region, machine.group) == place][:1]


def _lane(
    before: Machine, now: Machine | None, replacements: list[Machine], failing: Container[str], *, healthy: bool
) -> Lane | None:
    if now is None or replacements:
        return surge_undo_lane(before, now, replacements, healthy=healthy)
    if _same(now, before):
        return None
    # One that has its old configuration has only to be looked at, and nothing is lost by that.
    weight = int(now.healthy and now.id not in failing and not alike(now, before))
    return restore_lane(now, before, healthy=healthy, weight=weight)


def _destroy_lane(machine: Machine, changing: Container[str], failing: Container[str]) -> Lane:
    """Destroy a machine that is new; one that serves finishes its requests first.

    Args:
        changing: regions where machines that serve are changed, so that this one may be needed for a moment.
    """
    serving = machine.healthy and machine.serves and not machine.cordoned and machine.id not in failing
    steps = retirement(machine.id) if serving else (DestroyMachine(machine.id),)
    name, weight = lane_name(machine.region, machine.group, machine.id), int(serving and machine.region in changing)
    return Lane(name, machine.region, machine.group, machine.id, "destroy", steps, ("rollback",), weight)


def _provable(before: Machine) -> bool:
    return before.asleep or before.state == "started"


def _same(now: Machine, before: Machine) -> bool:
    """Whether nobody has changed the machine; that the proxy has put it to sleep is no change."""
    if now.instance_id != before.instance_id or now.cordoned != before.cordoned:
        return False
    return not before.asleep or now.sleep_state == before.sleep_state
