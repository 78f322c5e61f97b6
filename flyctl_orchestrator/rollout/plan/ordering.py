"""Puts lanes into waves: who goes first, who goes together, and where flyctl has to run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import FlyctlRun, Lane, Wave
from flyctl_orchestrator.rollout.plan.standbys import STANDBYS
from flyctl_orchestrator.rollout.plan.steps import (
    CreateMachine,
    FlyctlCreate,
    FlyctlUpdate,
    Gate,
    PutToSleep,
    SetPrimaryRegion,
    Step,
    UpdateMachine,
)
from flyctl_orchestrator.rollout.plan.surge import by_clone

CHANGES = ("update", "replace")


def into_waves(
    lanes: Sequence[Lane],
    born: Sequence[str],
    unmade: Iterable[str],
    desired: Desired,
    last: Sequence[Lane] = (),
) -> list[Wave]:
    """The waves of a rollout.

    First the canary region, then the first machines of process groups that have none, then all other regions,
    `width` at a time. A lane that copies its configuration never comes before the wave that makes it.

    Args:
        lanes: one per machine to update or create.
        born: process groups without a single machine; flyctl makes their first one, see `Desired.home_of`.
        unmade: process groups of which no machine has the wanted configuration yet (`born` included).
        last: those of standby machines that need what the others make; they go together, in a wave of their own.
    """
    settled = [lane for lane in lanes if lane.group not in born]
    newborn = [lane for lane in lanes if lane.group in born]
    batches = _batches(settled, desired)
    if newborn:
        homes = _homes(newborn, desired)
        at_home = [[lane for lane in newborn if lane.region == home == desired.home_of(lane.group)] for home in homes]
        batches[1:1] = at_home
        rest = [lane for lane in newborn if not any(lane in batch for batch in at_home)]
        _add(batches, rest, desired, after=1 + len(homes))
    return _with_flyctl([batch for batch in batches if batch], born, set(unmade), desired, last)


def _homes(newborn: Iterable[Lane], desired: Desired) -> list[str]:
    """Regions in which first machines are made, the primary one first: flyctl runs its release command there."""
    homes = dict.fromkeys(desired.home_of(lane.group) or "" for lane in newborn)
    return sorted(homes, key=lambda home: home != desired.primary_region)


def canary_of(lanes: Sequence[Lane], desired: Desired) -> str | None:
    """The region that goes first: the chosen one if anything changes there, else the first in order.

    A region that only gets new machines is no canary while others have machines to change.
    """
    changing = [lane for lane in lanes if lane.action in CHANGES] or lanes
    regions = in_order((lane.region for lane in changing), desired.order)
    return desired.policy.canary if desired.policy.canary in regions else next(iter(regions), None)


def in_order(regions: Iterable[str], order: Sequence[str]) -> list[str]:
    """Without repeats, in flyo.toml's order; regions it does not know come last, by name."""
    return sorted(set(regions), key=lambda code: (order.index(code) if code in order else len(order), code))


def _batches(settled: list[Lane], desired: Desired) -> list[list[Lane]]:
    """Lanes of existing groups by region: the canary (none: an empty batch), then `width` regions at a time."""
    canary = canary_of(settled, desired)
    first = [lane for lane in settled if lane.region == canary]
    rest = _by_width([lane for lane in settled if lane.region != canary], desired)
    return [first, *rest]


def _add(batches: list[list[Lane]], lanes: list[Lane], desired: Desired, *, after: int) -> None:
    """Let lanes go with the other lanes of their region, but not before batch number `after`."""
    if not desired.policy.width and batches[after:]:
        batches[after] += lanes
        return
    company = {lane.region for batch in batches[after:] for lane in batch}
    for batch in batches[after:]:
        here = {lane.region for lane in batch}
        batch += [lane for lane in lanes if lane.region in here]
    batches += _by_width([lane for lane in lanes if lane.region not in company], desired)


def _by_width(lanes: list[Lane], desired: Desired) -> list[list[Lane]]:
    regions = in_order((lane.region for lane in lanes), desired.order)
    width = desired.policy.width or len(regions) or 1
    starts = range(0, len(regions), width)
    return [[lane for lane in lanes if lane.region in regions[start : start + width]] for start in starts]


def _with_flyctl(
    batches: list[list[Lane]], born: Sequence[str], unmade: set[str], desired: Desired, last: Sequence[Lane]
) -> list[Wave]:
    waves: list[Wave] = []
    waiting: list[Lane] = []
    first_run = True
    for number, batch in enumerate((*batches, list(last))):
        run, lanes = _flyctl_for(batch, born, unmade, desired)
        unmade -= {lane.group for lane in lanes if lane.by_flyctl}
        ready = [lane for lane in lanes if lane.group not in unmade]
        waiting += [lane for lane in lanes if lane.group in unmade]
        if ready:
            run = replace(run, release_command=first_run) if run else None
            first_run = first_run and run is None
            wave = _wave(len(waves), ready, run, desired)
            # There is nobody to ask them anything while they rest.
            waves.append(replace(wave, name=STANDBYS, bake=0.0) if number == len(batches) else wave)
    # New machines of a group whose first machine is made in a later region than theirs.
    assert not unmade & {lane.group for lane in waiting}, "no machine gives these a configuration"
    for batch in _by_width(waiting, desired):
        waves.append(_wave(len(waves), batch, None, desired))
    return waves


def _wave(number: int, lanes: list[Lane], run: FlyctlRun | None, desired: Desired) -> Wave:
    name = "canary" if number == 0 else f"wave {number + 1}"
    place = {code: number for number, code in enumerate(in_order((lane.region for lane in lanes), desired.order))}
    ordered = sorted(lanes, key=lambda lane: (not lane.by_flyctl, place[lane.region]))
    policy = desired.policy
    limit = max(1, policy.max_unavailable)
    return Wave(name, tuple(ordered), run, limit=limit, bake=policy.bake, watch=policy.watch)


def _flyctl_for(
    batch: list[Lane], born: Sequence[str], unmade: set[str], desired: Desired
) -> tuple[FlyctlRun | None, list[Lane]]:
    """Hand the first lane of every group that needs it to flyctl. New and existing groups never share a batch."""
    chosen: dict[str, Lane] = {}
    for lane in sorted(batch, key=_rank_as_first):
        fits = lane.region == desired.home_of(lane.group) if lane.group in born else lane.action in CHANGES
        if lane.group in unmade and fits:
            chosen.setdefault(lane.group, lane)
    if not chosen:
        return None, batch
    names = {lane.name for lane in chosen.values()}
    lanes = [_by_flyctl(lane, desired) if lane.name in names else lane for lane in batch]
    if any(group in born for group in chosen):
        # Without a filter flyctl would destroy the machines of process groups that fly.toml no longer has.
        home = next(lane.region for lane in chosen.values())
        return FlyctlRun(regions=(), groups=tuple(chosen), create=True, primary=home), lanes
    regions = tuple(dict.fromkeys(lane.region for lane in chosen.values()))
    # flyctl wants a free volume for every process group with volumes of which it sees no machine.
    groups = tuple(chosen) if desired.volumes else ()
    if any(lane.replaces for lane in chosen.values()):
        return FlyctlRun(regions, groups, clones=True), lanes
    return FlyctlRun(regions, groups, machines=tuple(lane.machine or "" for lane in chosen.values())), lanes


def _rank_as_first(lane: Lane) -> int:
    """A machine that runs is a better first one than a machine that sleeps, and any is better than a standby."""
    standby = any(isinstance(step, Gate) and not step.strict for step in lane.steps)
    return 2 * standby + any(isinstance(step, PutToSleep) for step in lane.steps)


def _by_flyctl(lane: Lane, desired: Desired) -> Lane:
    if lane.replaces is not None:
        return by_clone(lane)
    instead: tuple[Step, ...] = (FlyctlUpdate(lane.machine or ""),)
    if lane.machine is None:
        instead = (FlyctlCreate(lane.region, lane.group),)
        if lane.region != desired.primary_region:
            instead += (SetPrimaryRegion(desired.primary_region),)
    ours = (CreateMachine, UpdateMachine)
    steps = (instead if isinstance(step, ours) else (step,) for step in lane.steps)
    return replace(lane, steps=tuple(chain.from_iterable(steps)))
