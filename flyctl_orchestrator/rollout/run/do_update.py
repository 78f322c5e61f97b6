"""Gives an existing machine another configuration: the new one, or back the one it had."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.steps import FlyctlUpdate, Gate, RestoreMachine, SetPrimaryRegion, UpdateMachine
from flyctl_orchestrator.rollout.run.inherit import inherit
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun, StepFailed
from flyctl_orchestrator.rollout.run.step_context import LEASE, StepContext
from flyctl_orchestrator.rollout.state.metadata import BEFORE, ROLLOUT, SLEPT, alike, pinned, same_image


def do_update(step: UpdateMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Copy what the first machine of the group got. Waits while there is no first machine yet."""
    first = _model(run, ctx)
    if first is None:
        ctx.phase(run, "waiting", "for the first machine of its process group")
        return False
    before = run.before
    assert before is not None
    ctx.phase(run, "updating")
    tags = tags_of_update(before, ctx)
    config = inherit(first, before, with_guest=run.lane.group in ctx.rollout.sized, tags=tags)
    put_config(run, ctx, step.machine, config, before.instance_id, stay_asleep=before.resting)
    return True


def tags_of_update(before: Machine, ctx: StepContext) -> dict[str, str]:
    """What is written on a machine that is changed, for another computer to find the way back by."""
    tags = {ROLLOUT: ctx.record.id, BEFORE: before.instance_id}
    return tags | ({SLEPT: before.sleep_state} if before.sleep_state else {})


def _model(run: LaneRun, ctx: StepContext) -> Machine | None:
    """The machine to copy: one that has passed the gate, or the one that flyctl has just changed in this very wave.

    Within a wave, how many machines may be changed at once is the limit's business, not the first machine's.
    """
    first = ctx.record.firsts.get(run.lane.group)
    if first is not None:
        return first
    for other in list(ctx.record.runs.values()):
        if other.lane.group == run.lane.group and isinstance(other.lane.steps[0], FlyctlUpdate) and other.index:
            return other.last_seen
    return None


def do_restore(step: RestoreMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Give a machine back the configuration, image and cordon it had before the rollout."""
    before = run.before
    assert before is not None
    ctx.phase(run, "restoring")
    now = read_now(ctx, step.machine)
    if now is None:
        raise StepFailed("disappeared", "the machine is gone and cannot be given back what it had")
    if alike(now, before) and not _needs_boot(run, now, before):
        run.instance = now.instance_id
    else:
        config = copy.deepcopy(dict(before.config))
        # A tag can have moved to another image since; the digest cannot.
        config["image"] = pinned(before.image, before.digest)
        put_config(run, ctx, step.machine, config, now.instance_id, stay_asleep=before.resting)
    _recordon(run, ctx, now, before)
    return True


def do_set_primary_region(step: SetPrimaryRegion, run: LaneRun, ctx: StepContext) -> bool:
    """Set the PRIMARY_REGION that the machine would have, had flyctl made it in the primary region."""
    machine = read_now(ctx, run.machine_id or "")
    if machine is None:
        raise StepFailed("disappeared", "the machine that flyctl has created is gone")
    env = {key: value for key, value in (machine.config.get("env") or {}).items() if key != "PRIMARY_REGION"}
    env |= {"PRIMARY_REGION": step.region} if step.region else {}
    if env == machine.config.get("env"):
        return True
    ctx.phase(run, "updating")
    config = copy.deepcopy(dict(machine.config)) | {"env": env, "image": pinned(machine.image, machine.digest)}
    put_config(run, ctx, machine.id, config, machine.instance_id, stay_asleep=machine.asleep)
    return True


def _needs_boot(run: LaneRun, now: Machine, before: Machine) -> bool:
    """Whether a machine that has its old configuration again has to boot once more to be well.

    An earlier way back has put it back, and it failed. It reads its secrets when it boots, and no later: should one be
    what it was again, only a boot tells. Nothing is lost by that, for it does not serve.
    """
    proved = any(isinstance(step, Gate) and step.strict for step in run.lane.steps)
    if not proved or now.instance_id == before.instance_id:
        return False
    exits = [event for event in now.events if event.type == "exit" and event.timestamp_s > run.after_event]
    return any(not event.requested_stop for event in exits) or not (now.healthy or now.asleep)


def put_config(
    run: LaneRun, ctx: StepContext, machine_id: str, config: dict[str, Any], version: str, *, stay_asleep: bool
) -> None:
    """Give a machine a configuration, unless somebody else has changed it.

    Args:
        version: the `instance_id` it must have.
        stay_asleep: whether it is not started with it.

    Raises:
        Busy: not at this moment.
        StepFailed: somebody else has changed it.
        ApiError: the platform refuses.
    """
    api, app = ctx.rollout.api, ctx.rollout.app
    run.touched = True
    try:
        with leased(ctx, machine_id) as nonce:
            updated = api.update_machine(
                app,
                machine_id,
                config=config,
                current_version=version,
                nonce=nonce,
                skip_launch=stay_asleep,
                min_secrets_version=ctx.rollout.secrets_version,
            )
    except ApiError as error:
        if error.kind != "precondition":
            raise
        now = read_now(ctx, machine_id)
        if now is not None and now.instance_id == version:
            raise Busy(error.what) from error
        if now is None or not _has(now, config):
            raise StepFailed("changed_meanwhile", "another client has changed the machine in the meantime") from error
        # It was us: only the answer to an earlier attempt was lost.
        updated = now
    run.instance, run.former = updated.instance_id, version
    run.after_event = max((event.timestamp_s for event in updated.events), default=run.after_event)
    ctx.acted(run)


def _has(machine: Machine, config: Mapping[str, Any]) -> bool:
    """Whether a machine has the very configuration that it was to get."""
    rest = {key: value for key, value in config.items() if key != "image"}
    same = rest == {key: value for key, value in machine.config.items() if key != "image"}
    ref, _, digest = str(config.get("image", "")).partition("@")
    return same and same_image(machine, ref, digest or None)


def _recordon(run: LaneRun, ctx: StepContext, now: Machine, before: Machine) -> None:
    if now.cordoned == before.cordoned:
        return
    change = ctx.rollout.api.cordon if before.cordoned else ctx.rollout.api.uncordon
    with leased(ctx, before.id) as nonce:
        change(ctx.rollout.app, now.id, nonce)
    ctx.acted(run)


def read_now(ctx: StepContext, machine_id: str) -> Machine | None:
    """A machine as the platform has it at this moment, None when it is gone."""
    try:
        machine = ctx.rollout.api.get_machine(ctx.rollout.app, machine_id)
    except ApiError as error:
        if error.kind == "not_found":
            return None
        raise
    return None if machine.gone else machine


@contextmanager
def leased(ctx: StepContext, machine_id: str) -> Iterator[str]:
    """Hold a machine's lease for one call; gives its nonce. The proxy cannot wake or stop a leased machine."""
    api, app = ctx.rollout.api, ctx.rollout.app
    lease = api.acquire_lease(app, machine_id, LEASE, f"flyo rollout {ctx.record.id}")
    try:
        yield lease.nonce
    finally:
        try:
            api.release_lease(app, machine_id, lease.nonce)
        except ApiError as error:
            # It expires by itself; what was done under it is done.
            what = f"{error.what}; it ends by itself within a minute"
            ctx.rollout.emit("warning", code="lease_kept", machine=machine_id, what=what)
