"""Plans exact machine counts: which machines are added, as copies of which, and which go: a pure function.

First every new machine is there and proved, then what is too much goes: drained, stopped, destroyed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane, MachineCount, Plan, PlannedImage, Wave
from flyctl_orchestrator.rollout.plan.removal import remove_lane, with_volume
from flyctl_orchestrator.rollout.plan.source import choose_source
from flyctl_orchestrator.rollout.plan.steps import CopyMachine, Gate
from flyctl_orchestrator.rollout.plan.volumes import FreeVolumes, VolumeSpec, spec_like, volume_notes
from flyctl_orchestrator.rollout.state.observe import Fleet

Place = tuple[str, str]
"""Region and process group."""


def plan_scale(
    fleet: Fleet,
    counts: Mapping[Place, int],
    *,
    like: str | None = None,
    sources: Mapping[str, str] | None = None,
    unproved: Collection[str] = (),
    watch: float = 0.0,
    specs: Mapping[str, VolumeSpec] | None = None,
    with_volumes: bool = False,
) -> Plan:
    """Plan the way from `fleet` to `counts`, exact per (region, process group); places not named stay as they are.

    Args:
        like: id of the machine to copy; None to choose the newest verified one of the process group.
        sources: process group -> id of the machine to copy, where that was decided before.
        unproved: ids of machines that were created for these counts already and have yet to pass the gate.
        watch: seconds for which each new machine is watched after it has passed.
        specs: process group -> the volume of its machines, as fly.toml says it.
        with_volumes: whether the volumes of machines that go are destroyed, too.

    Raises:
        UsageError: a machine has to be added and there is none to copy (see `choose_source`).
    """
    standing = [machine for machine in fleet.managed if not machine.standbys]
    there = fleet.counts()
    before = {place: there.get(place, 0) for place in counts}
    chosen, free = _Sources(fleet, like, sources or {}), FreeVolumes(fleet.volumes)
    additions = [_copy_lane(machine, chosen.of(machine.group).id) for machine in standing if machine.id in unproved]
    for place, count in counts.items():
        missing = max(0, count - before[place])
        for number in range(missing):
            source = chosen.of(place[1])
            spec = spec_like(source, fleet.volumes, (specs or {}).get(place[1]))
            additions.append(free.for_lane(_new_lane(*place, number + 1, source.id), spec))
    removals = []
    for machine in _surplus(standing, counts, before):
        lane = remove_lane(machine, "surplus")
        removals.append(with_volume(lane, machine) if with_volumes else lane)
    busy = {lane.machine for lane in (*additions, *removals)}
    return Plan(
        app=fleet.app,
        kind="scale",
        fingerprint=fleet.fingerprint(),
        image=chosen.image(),
        definition="",
        secrets=fleet.secrets,
        groups=tuple(dict.fromkeys(machine.group for machine in standing)),
        waves=_waves(additions, removals, watch),
        regions=tuple(dict.fromkeys((*(region for region, _ in counts), *(machine.region for machine in standing)))),
        unchanged=sum(1 for machine in fleet.managed if machine.id not in busy),
        counts=tuple(MachineCount(*place, before[place], count) for place, count in counts.items()),
        notes=volume_notes((*additions, *removals), fleet),
    )


def with_orphans(plan: Plan, lanes: Sequence[Lane]) -> Plan:
    """The plan that removes these, too, when it removes anything, or at its end."""
    if not lanes:
        return plan
    first, last = plan.waves[:-1], plan.waves[-1:]
    if last and last[0].final:
        return replace(plan, waves=(*first, replace(last[0], lanes=(*last[0].lanes, *lanes))))
    return replace(plan, waves=(*plan.waves, *_waves((), lanes, 0.0)))


def ends_service(fleet: Fleet, plan: Plan) -> bool:
    """Whether a scale leaves no machine that serves now, or could be woken to, and makes no new one."""
    doomed = {lane.machine for lane in plan.lanes if lane.action == "destroy"}
    useful = [machine for machine in fleet.managed if machine.asleep or machine.healthy]
    useful = [machine for machine in useful if not machine.standbys]
    adds = any(lane.action == "create" for lane in plan.lanes)
    return bool(doomed) and not adds and bool(useful) and all(machine.id in doomed for machine in useful)


class _Sources:
    """The machines to copy, each chosen when it is first needed."""

    def __init__(self, fleet: Fleet, like: str | None, decided: Mapping[str, str]) -> None:
        self._fleet = fleet
        self._like = like
        self._decided = decided
        self._chosen: dict[str, Machine] = {}

    def of(self, group: str) -> Machine:
        """The machine that new ones of a process group are copied from."""
        if group not in self._chosen:
            there = {machine.id for machine in self._fleet.managed}
            decided = self._decided.get(group)
            like = decided if decided in there else self._like
            self._chosen[group] = choose_source(self._fleet, group, like)
        return self._chosen[group]

    def image(self) -> PlannedImage:
        """The image that new machines run, where there is but one."""
        images = {(machine.bare_image, machine.digest) for machine in self._chosen.values()}
        return PlannedImage(*images.pop()) if len(images) == 1 else PlannedImage()


def _waves(additions: Sequence[Lane], removals: Sequence[Lane], watch: float) -> tuple[Wave, ...]:
    waves = [Wave("add", tuple(additions), limit=0, watch=watch)] if additions else []
    waves += [Wave("remove", tuple(removals), limit=0, final=True, watch=0.0)] if removals else []
    return tuple(waves)


def _new_lane(region: str, group: str, number: int, source: str) -> Lane:
    name = lane_name(region, group, f"new-{number}")
    return Lane(name, region, group, None, "create", (CopyMachine(source, region, group), Gate()), ("count",), weight=0)


def _copy_lane(machine: Machine, source: str) -> Lane:
    """Prove a machine that is there already."""
    region, group = _place(machine)
    steps = (CopyMachine(source, region, group), Gate())
    name = lane_name(region, group, machine.id)
    return Lane(name, region, group, machine.id, "create", steps, ("unproved",), weight=0)


def _place(machine: Machine) -> Place:
    return machine.region, machine.group


def _surplus(standing: list[Machine], counts: Mapping[Place, int], before: Mapping[Place, int]) -> list[Machine]:
    """The machines above the counts: those that do not serve, are ill, have no volume, or are young go first."""
    surplus: list[Machine] = []
    for place, count in counts.items():
        if count < before[place]:
            here = [machine for machine in standing if _place(machine) == place]
            surplus += sorted(here, key=_uselessness)[count:]
    return surplus


def _uselessness(machine: Machine) -> tuple[bool, bool, bool, bool, str]:
    # A cordoned one may be what an earlier run has begun to remove.
    return (
        machine.state != "started",
        machine.cordoned,
        not machine.checks_passing,
        not machine.mounts,
        machine.created_at,
    )
