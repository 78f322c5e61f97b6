"""Steps of a surge: a second machine beside the first, who gets the requests, and the first one's last moments."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.gate.checkup import seconds
from flyctl_orchestrator.rollout.plan.steps import (
    AwaitPropagation,
    AwaitReplacement,
    CloneMachine,
    Cordon,
    FlyctlConfigure,
    RecreateMachine,
    StopMachine,
    Uncordon,
)
from flyctl_orchestrator.rollout.run.do_create import create_once, volume_step
from flyctl_orchestrator.rollout.run.do_flyctl import adopt, give_up_when_flyctl_did
from flyctl_orchestrator.rollout.run.do_update import leased
from flyctl_orchestrator.rollout.run.inherit import without_own_keys
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.state.metadata import REPLACES, ROLLOUT, pinned

# Seconds that requests under way are given before the kill signal; the app's own kill_timeout comes on top.
DRAIN = 1.0


def do_clone(step: CloneMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Create the machine that flyctl will configure. It is never started with its present configuration."""
    old = ctx.record.before[step.machine]
    ctx.phase(run, "creating")
    config = _same(old)
    config["metadata"] = {**without_own_keys(old.metadata), ROLLOUT: ctx.record.id, REPLACES: old.id}
    if step.bare:
        config.pop("mounts", None)
    if (volume := volume_step(run)) is not None:
        # flyctl leaves it there; into a machine that has none it would make a new machine instead.
        config["mounts"] = [{"name": volume.name, "path": volume.path}]
    run.base = create_once(config, old.region, run, ctx, hidden=True, launch=False)
    return True


def do_recreate(step: RecreateMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Create a machine like one that is gone. Its id is another one, which is said."""
    old = ctx.record.before[step.machine]
    ctx.phase(run, "restoring")
    if run.lane.machine == run.machine_id:
        run.machine_id = None
    launch = not (old.standbys and old.resting)
    made = create_once(_same(old), old.region, run, ctx, hidden=True, launch=launch)
    ctx.record.replaced[made.id] = old.id
    what = f"machine {old.id} in {old.region} was destroyed already; {made.id} has its configuration now"
    ctx.rollout.emit("warning", code="new_id", machine=made.id, what=what)
    return True


def _same(old: Machine) -> dict[str, Any]:
    config = copy.deepcopy(dict(old.config))
    config["image"] = pinned(old.image, old.digest)
    return config


def do_flyctl_configure(step: FlyctlConfigure, run: LaneRun, ctx: StepContext) -> bool:
    """Wait until flyctl has configured the clone, and, as it does not wait for sleepers, until it is through."""
    assert run.base is not None
    ctx.phase(run, "updating", "by flyctl")
    machine = ctx.seen(run)
    if machine is None or machine.instance_id == run.base.instance_id:
        give_up_when_flyctl_did(run, ctx)
        return False
    resting = machine.state not in ("started", "starting")
    if resting and ctx.flyctl is not None and ctx.flyctl.active:
        return False
    run.instance = None
    # For the fleet it is a new machine; that it was a clone for a moment is nothing to come back to.
    return adopt(run, ctx, machine, None)


def do_uncordon(step: Uncordon, run: LaneRun, ctx: StepContext) -> bool:
    """Open the lane's own machine to the proxy."""
    assert run.machine_id is not None
    with leased(ctx, run.machine_id) as nonce:
        ctx.rollout.api.uncordon(ctx.rollout.app, run.machine_id, nonce)
    # What was heard while nobody else could reach it is no proof of what the proxy does now.
    run.evidence = None
    run.deadline = ctx.now + ctx.rollout.timeout
    ctx.acted(run)
    return True


def do_await_propagation(step: AwaitPropagation, run: LaneRun, ctx: StepContext) -> bool:
    """Wait for the proxy to hear of it, and for requests under way."""
    wait = ctx.rollout.edge.propagation + (DRAIN if step.drain else 0.0)
    if wait <= 0 or run.tries > 1:
        return True
    ctx.phase(run, "draining" if step.drain else "settling")
    run.not_before = ctx.now + wait
    run.deadline = run.deadline + wait if run.deadline is not None else None
    return False


def do_cordon(step: Cordon, run: LaneRun, ctx: StepContext) -> bool:
    """Close a machine to new requests; those under way go on. Harmless when it is closed already."""
    if step.machine in ctx.record.closed:
        return True
    try:
        with leased(ctx, step.machine) as nonce:
            # Before it is asked for: an answer that is lost may have closed it, and a way back has to open it.
            ctx.record.cordoned.add(step.machine)
            ctx.rollout.api.cordon(ctx.rollout.app, step.machine, nonce)
    except ApiError as error:
        if error.kind != "not_found":
            raise
    ctx.record.cordoned.add(step.machine)
    ctx.record.closed.add(step.machine)
    ctx.acted(run)
    return True


def do_await_replacement(step: AwaitReplacement, run: LaneRun, ctx: StepContext) -> bool:
    """Wait until a whole reading shows every replacement taking requests, or asleep and ready to be woken.

    Nothing is retired before the last of them does: as long as all old machines are there, there is a way back.
    """
    if not ctx.snapshot.whole:
        return False
    missing, ill = _not_serving(step.machine, ctx)
    run.busy, run.blames = missing, ill
    lanes = [lane for lane in ctx.record.plan.lanes if lane.name != run.lane.name]
    others = [each.machine for lane in lanes for each in lane.steps if isinstance(each, AwaitReplacement)]
    for other in others:
        if not run.busy and other in ctx.snapshot.machines:
            run.busy, run.blames = _not_serving(other, ctx)
    return not run.busy


def _not_serving(machine: str, ctx: StepContext) -> tuple[str, str]:
    """Why the replacement of a machine cannot be relied on, and its id; "" for both when it can."""
    old = ctx.record.before_of(machine)
    replacement = None
    for replacement in _replacements(machine, ctx):
        open_ = not replacement.cordoned or (old is not None and old.cordoned)
        if open_ and (replacement.resting or replacement.healthy):
            return "", ""
    if replacement is None:
        return f"the machine that replaces {machine} is not there", ""
    bad = [f" (check {each.name} is {each.status})" for each in replacement.checks if each.status != "passing"]
    what = f"machine {replacement.id} in {replacement.region}, which replaces {machine}, is not serving"
    return what + "".join(bad[:1]), replacement.id


def _replacements(machine: str, ctx: StepContext) -> Iterator[Machine]:
    """The machines that replace another one, and those that replace these in turn, as far as they are there."""
    listed = ctx.snapshot.machines
    for each in {**ctx.record.before, **listed}.values():
        if each.metadata.get(REPLACES) == machine:
            yield from (listed[id] for id in (each.id,) if id in listed)
            yield from _replacements(each.id, ctx)


def do_stop(step: StopMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Stop a machine the gentle way and wait until it has stopped."""
    if not run.sent:
        ctx.phase(run, "stopping")
        before = ctx.record.before.get(step.machine) or ctx.snapshot.machines.get(step.machine)
        patience = seconds((before.config.get("stop_config") or {}).get("timeout")) if before else 0.0
        if run.tries == 1:
            run.deadline = ctx.now + patience + ctx.rollout.timeout
        run.touched = True
        try:
            with leased(ctx, step.machine) as nonce:
                ctx.rollout.api.stop(ctx.rollout.app, step.machine, nonce)
        except ApiError as error:
            # Gone already, or asleep by itself in the meantime: the next look tells.
            if error.kind not in ("not_found", "precondition"):
                raise
        run.sent = True
        ctx.acted(run)
        return False
    if not (ctx.snapshot.whole and ctx.snapshot.number >= run.fresh_from):
        return False
    machine = ctx.snapshot.machines.get(step.machine)
    if machine is None or machine.state in ("stopped", "suspended", "failed", "destroying", "destroyed"):
        return True
    # A standby that was never started has nothing to stop.
    return bool(machine.standbys) and machine.state == "created"
