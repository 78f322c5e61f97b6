"""Strategy "surge": a machine's replacement is up and verified before the machine itself takes its last request.

The old machines stay, cordoned and running, until every region has passed. So the way back is to let the proxy send
them requests again; only then do their replacements go. Nothing is destroyed before the last wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane, Wave
from flyctl_orchestrator.rollout.plan.steps import (
    AwaitPropagation,
    AwaitReplacement,
    CloneMachine,
    Cordon,
    CreateMachine,
    DestroyMachine,
    FlyctlConfigure,
    Gate,
    PutToSleep,
    Step,
    StopMachine,
    Uncordon,
    Wake,
)
from flyctl_orchestrator.rollout.state.metadata import REPLACES

SURGE = "surge"


def replace_lane(old: Machine, reasons: Sequence[str]) -> Lane:
    """Create a machine beside `old`, prove it while the proxy does not know it, and let it take over.

    Where the old one sleeps, the new one is put to sleep once it is proved; where a person has cordoned the old one,
    the new one stays cordoned. A standby machine that rests is never started.
    """
    create = CreateMachine(old.region, old.group, replaces=old.id)
    name = lane_name(old.region, old.group, old.id)
    steps: tuple[Step, ...] = (create, *(_stand_in(old) if old.standbys and old.resting else takeover(old)))
    return Lane(name, old.region, old.group, None, "replace", steps, tuple(reasons), weight=0, replaces=old.id)


def takeover(old: Machine) -> tuple[Step, ...]:
    """From a new cordoned machine to one that serves in the place of `old`, which gets no more requests."""
    asleep = old.sleep_state
    if old.cordoned:
        proof: tuple[Step, ...] = (Gate(hidden=True),)
        return proof if asleep is None else (*proof, PutToSleep(asleep))
    # Fly.io's proxy asks no cordoned machine, so only what is answered after it is open proves anything.
    sleep: tuple[Step, ...] = () if asleep is None else (PutToSleep(asleep),)
    return (Gate(hidden=True, verifies=False), Uncordon(), AwaitPropagation(), Gate(), *sleep, Cordon(old.id))


def _stand_in(old: Machine) -> tuple[Step, ...]:
    """From a new standby machine to one in the place of `old`; it starts by itself when it is needed, not before."""
    opened: tuple[Step, ...] = () if old.cordoned else (Uncordon(), Cordon(old.id))
    return (Gate(strict=False, hidden=True), *opened)


def by_clone(lane: Lane) -> Lane:
    """The same lane with a configuration made by flyctl: it is let loose on a clone that nobody is served by."""
    assert lane.replaces is not None
    at = next(number for number, step in enumerate(lane.steps) if isinstance(step, CreateMachine))
    create = lane.steps[at]
    assert isinstance(create, CreateMachine)
    made: tuple[Step, ...] = (CloneMachine(lane.replaces, bare=create.bare), FlyctlConfigure())
    made += (Wake(),) if any(isinstance(step, Gate) and step.strict for step in lane.steps) else ()
    return replace(lane, steps=(*lane.steps[:at], *made, *lane.steps[at + 1 :]))


def retirement(machine: str) -> tuple[Step, ...]:
    """Take a machine out without anybody noticing: no new requests, those under way finished, stopped, destroyed."""
    return (Cordon(machine), AwaitPropagation(drain=True), StopMachine(machine), DestroyMachine(machine))


def retire_lane(old: Machine) -> Lane:
    """Retire a machine whose replacement serves."""
    name = lane_name(old.region, old.group, f"old-{old.id}")
    steps = (AwaitReplacement(old.id), *retirement(old.id))
    return Lane(name, old.region, old.group, old.id, "destroy", steps, ("replaced",), weight=0)


def discard_lane(replacement: Machine) -> Lane:
    """Destroy a replacement that an unfinished rollout left behind before it served."""
    name = lane_name(replacement.region, replacement.group, replacement.id)
    return Lane(
        name,
        replacement.region,
        replacement.group,
        replacement.id,
        "destroy",
        (DestroyMachine(replacement.id),),
        ("leftover",),
        weight=0,
    )


def last_wave(lanes: Sequence[Lane], leftovers: Sequence[Lane], machines: Sequence[Machine]) -> Wave | None:
    """The wave that retires what was replaced, None when there is nothing to retire."""
    replaced = {lane.replaces for lane in lanes if lane.replaces}
    retiring = [retire_lane(machine) for machine in machines if machine.id in replaced]
    everything = (*retiring, *leftovers)
    return Wave("retire", everything, limit=0, final=True) if everything else None


def leftovers_of(machines: Sequence[Machine]) -> dict[str, Lane]:
    """What an unfinished surge left: machine id -> the lane that removes it.

    Of an old machine and its replacement the one that takes requests stays; the proxy has made up its mind.
    """
    known = {machine.id: machine for machine in machines}
    found = {}
    for replacement in machines:
        old = known.get(replacement.metadata.get(REPLACES, ""))
        if old is None:
            continue
        if replacement.cordoned and not old.cordoned:
            found[replacement.id] = discard_lane(replacement)
        else:
            found[old.id] = retire_lane(old)
    return found


def refuse_unfit(desired: Desired) -> None:
    """Refuse what cannot be replaced by a second machine beside it, before there is anything to replace.

    Raises:
        UsageError: a process group has volumes.
    """
    mounted = [group for group in desired.groups if group in desired.volumes]
    if not mounted or desired.policy.strategy != SURGE:
        return
    raise UsageError(
        f"strategy 'surge' is not possible: process group {mounted[0]} has volumes; "
        "a volume belongs to one machine and cannot move to its replacement",
        where=f"app {desired.app}",
        next="Use strategy 'in-place' ([rollout] strategy in flyo.toml, or --strategy in-place)",
        code="plan.surge_unfit",
    )
