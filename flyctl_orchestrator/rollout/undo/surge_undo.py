"""The way back from a surge: the old machine takes its requests again before its replacement loses them."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import lane_name
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import (
    AwaitPropagation,
    DestroyMachine,
    Gate,
    PutToSleep,
    RecreateMachine,
    RestoreMachine,
    Step,
    Uncordon,
    Wake,
)
from flyctl_orchestrator.rollout.plan.surge import retirement
from flyctl_orchestrator.rollout.state.metadata import alike


def surge_undo_lane(
    old: Machine, now: Machine | None, replacements: Sequence[Machine], *, healthy: bool
) -> Lane | None:
    """The lane that undoes one replacement, None when there is nothing to undo.

    Args:
        old: the replaced machine as it was found.
        now: as it is; None when it is gone, and then one just like it is created, under another id.
        replacements: what was created in its place.
        healthy: whether it was healthy before: only then must it be healthy again.
    """
    back = _standby_back(old, now) if old.standbys and old.resting else _back(old, now, healthy)
    away: tuple[Step, ...] = ()
    for replacement in replacements:
        # A replacement that was never opened to the proxy has no requests to finish.
        away += (DestroyMachine(replacement.id),) if replacement.cordoned else retirement(replacement.id)
    if back:
        name = lane_name(old.region, old.group, old.id)
        return Lane(name, old.region, old.group, old.id, "restore", (*back, *away), ("rollback",), weight=0)
    if not away:
        return None
    replacement = replacements[0]
    name = lane_name(replacement.region, replacement.group, replacement.id)
    return Lane(name, replacement.region, replacement.group, replacement.id, "destroy", away, ("rollback",), weight=0)


def _standby_back(old: Machine, now: Machine | None) -> tuple[Step, ...]:
    """A standby machine that rested is there again; it starts by itself when it is needed, and nobody wakes it."""
    if now is None:
        opened: tuple[Step, ...] = () if old.cordoned else (Uncordon(),)
        return (RecreateMachine(old.id), Gate(strict=False, hidden=True), *opened)
    same = alike(now, old)
    if same and now.cordoned == old.cordoned:
        return ()
    return (RestoreMachine(old.id), *(() if same else (Gate(strict=False),)))


def _back(old: Machine, now: Machine | None, healthy: bool) -> tuple[Step, ...]:
    asleep = old.sleep_state
    if now is None:
        hidden: tuple[Step, ...] = (RecreateMachine(old.id), Gate(strict=healthy, hidden=True))
        hidden += () if asleep is None else (PutToSleep(asleep),)
        if old.cordoned:
            return hidden
        return (*hidden, Uncordon(), AwaitPropagation(), *(() if asleep else (Gate(strict=healthy),)))
    same = alike(now, old)
    rested = asleep is None or now.sleep_state == asleep
    awake = asleep is not None or not now.asleep
    if same and rested and awake and now.cordoned == old.cordoned:
        return ()
    proof: tuple[Step, ...] = () if same and asleep and rested else (Gate(strict=healthy),)
    if asleep is not None and proof:
        proof = (Wake(), *proof, PutToSleep(asleep))
    elif not awake:
        proof = (Wake(), *proof)
    return (RestoreMachine(old.id), *proof, AwaitPropagation())
