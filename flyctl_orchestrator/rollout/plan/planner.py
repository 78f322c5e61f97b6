"""Decides what has to happen: a pure function from what is there and what is wanted to a plan."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.changed_volumes import (
    VolumeReplacements,
    gains_volume,
    lane_without_volume,
    loses_volume,
    refuse_without_volume,
)
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.lanes import create_lane, update_lane
from flyctl_orchestrator.rollout.plan.left_out import leave_out
from flyctl_orchestrator.rollout.plan.ordering import into_waves
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan
from flyctl_orchestrator.rollout.plan.removal import group_lanes
from flyctl_orchestrator.rollout.plan.standbys import replaced_machines, waiting_lanes
from flyctl_orchestrator.rollout.plan.surge import SURGE, last_wave, leftovers_of, refuse_unfit, replace_lane
from flyctl_orchestrator.rollout.plan.volumes import FreeVolumes, volume_notes
from flyctl_orchestrator.rollout.state.metadata import reasons_to_change
from flyctl_orchestrator.rollout.state.observe import Fleet


@dataclass(frozen=True)
class _Work:
    """What there is to do, before it is put into waves."""

    updates: tuple[Lane, ...]
    standbys: tuple[Lane, ...]
    """Standby machines that have to wait for what the others make."""
    creates: tuple[Lane, ...]
    born: tuple[str, ...]
    """Process groups without a single machine: flyctl makes their first one."""
    unmade: frozenset[str]
    """Process groups of which no machine has the wanted configuration yet: flyctl must make it once."""
    unchanged: int
    leftovers: tuple[Lane, ...]
    """What an unfinished surge has left behind."""


def plan_rollout(fleet: Fleet, desired: Desired) -> Plan:
    """Plan the way from `fleet` to `desired`.

    The first machine of every process group is changed by flyctl, which alone knows how to translate fly.toml; all
    others get from the Machines API what that machine got. The canary region goes first and alone, the other regions
    follow together or `width` at a time. Nothing is destroyed but what was replaced, and the machines of process
    groups that fly.toml no longer has; they go last.

    Raises:
        UsageError: what is wanted cannot be reached from here.
    """
    _refuse_nothing(desired)
    rest = leave_out(fleet, desired)
    whole, fleet, desired = fleet, rest.fleet, rest.desired
    refuse_unfit(desired)
    work = _find_work(fleet, desired, whole)
    changes = (*work.updates, *work.standbys)
    refuse_without_volume(changes, desired.volumes, desired.app)
    waves = into_waves((*work.updates, *work.creates), work.born, work.unmade, desired, work.standbys)
    going = (*work.leftovers, *group_lanes(fleet.managed, desired.groups))
    if retiring := last_wave(changes, going, fleet.managed):
        waves.append(retiring)
    return Plan(
        app=desired.app,
        fingerprint=whole.fingerprint(),
        image=desired.image,
        definition=desired.definition,
        secrets=fleet.secrets,
        groups=desired.groups,
        waves=tuple(waves),
        regions=desired.order,
        drift=rest.drift,
        unchanged=work.unchanged,
        notes=(
            *_notes(desired, work),
            *volume_notes((lane for wave in waves for lane in wave.lanes), fleet),
            *rest.notes,
        ),
        left_out=rest.left,
    )


def _find_work(fleet: Fleet, desired: Desired, whole: Fleet) -> _Work:
    image = desired.image
    updates: list[Lane] = []
    missing: list[Lane] = []
    unchanged, made, born = 0, set(), []
    leftovers = leftovers_of(fleet.managed)
    free = FreeVolumes(fleet.volumes)
    mounting = VolumeReplacements(free, (machine for machine in fleet.managed if machine.id in leftovers))
    surge = desired.policy.strategy == SURGE
    for group in desired.groups:
        mine = [machine for machine in fleet.managed if machine.group == group and machine.id not in leftovers]
        lacking, spec = _missing(mine, group, desired), desired.volumes.get(group)
        for machine in mine:
            reasons = reasons_to_change(machine, image.ref, image.digest, desired.definition, fleet.secrets)
            reasons += ["image"] if image.ref is None else []
            if spec is not None and gains_volume(machine, spec):
                updates.append(mounting.lane(machine, reasons, spec))
            elif loses_volume(machine, spec):
                updates.append(lane_without_volume(machine, reasons))
            elif not reasons:
                unchanged += 1
                made.add(group)
            else:
                # A standby serves nobody while it is changed.
                beside = surge and not machine.standbys
                updates.append(replace_lane(machine, reasons) if beside else update_lane(machine, reasons))
        missing += lacking
        born += [group] if lacking and not mine else []
    # What a machine that is there needs comes first: for a new one a volume can be made.
    creates = [free.for_lane(lane, desired.volumes.get(lane.group)) for lane in missing]
    unmade = {lane.group for lane in (*updates, *creates)} - made
    left = tuple(lane for id, lane in leftovers.items() if id not in mounting.discarded)
    replaced = replaced_machines(updates, leftovers, whole.machines)
    there = [m for m in fleet.managed if m.group in desired.groups and m.id not in leftovers]
    standbys = waiting_lanes(updates, there, replaced)
    names = {lane.name for lane in standbys}
    now = tuple(lane for lane in updates if lane.name not in names)
    # Those that wait for nothing but a name counted as unchanged.
    unchanged -= len(standbys) - (len(updates) - len(now))
    return _Work(now, tuple(standbys), tuple(creates), tuple(born), frozenset(unmade), unchanged, left)


def _missing(machines: list[Machine], group: str, desired: Desired) -> list[Lane]:
    lanes = []
    for (region, wanted_group), count in desired.counts.items():
        if wanted_group != group:
            continue
        have = sum(1 for m in machines if m.region == region and not m.standbys)
        lanes += [create_lane(region, group, number + 1) for number in range(max(0, count - have))]
    return lanes


def _refuse_nothing(desired: Desired) -> None:
    if not any(desired.counts.values()):
        advice = "Give at least one region a count above 0 in flyo.toml [regions]"
        where = f"app {desired.app}"
        raise UsageError("no machine is wanted anywhere", where=where, next=advice, code="plan.nothing_wanted")


def _notes(desired: Desired, work: _Work) -> tuple[str, ...]:
    notes = []
    canary, primary = desired.policy.canary, desired.primary_region
    homes = {desired.home_of(group) for group in work.born}
    if not (work.updates or work.standbys) and canary and canary != primary and primary in homes:
        notes.append(f"the first deploy starts in primary_region {primary}, not in the canary region {canary}")
    if desired.image.ref is None:
        notes.append("the image is built first; a deploy that finds it unchanged changes less than this plan says")
    return tuple(notes)
