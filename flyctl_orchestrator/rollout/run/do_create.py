"""Creates a machine, exactly once whatever the network does, or destroys one."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.steps import CopyMachine, CreateMachine, DestroyMachine, TakeVolume
from flyctl_orchestrator.rollout.run.do_update import leased
from flyctl_orchestrator.rollout.run.inherit import newborn, replacement_config
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.run.volumes.do_volume import claim_volume
from flyctl_orchestrator.rollout.state.metadata import CREATED, OF_VOLUME, REPLACES, ROLLOUT, pinned


def create_tag(rollout: str, lane: str) -> str:
    """The idempotency tag of one lane's machine."""
    return f"{rollout}/{lane}"


def do_create(step: CreateMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Create a machine like the first one of its group. Waits while there is no first machine yet."""
    first = ctx.record.firsts.get(step.group)
    if first is None:
        ctx.phase(run, "waiting", "for the first machine of its process group")
        return False
    ctx.phase(run, "creating")
    tags = {ROLLOUT: ctx.record.id}
    if step.replaces is None:
        create_once(_mounted(newborn(first, tags=tags), first, run), step.region, run, ctx)
        return True
    old = ctx.record.before[step.replaces]
    sized = step.group in ctx.rollout.sized
    config = replacement_config(first, old, with_guest=sized, tags=tags | {REPLACES: old.id})
    if step.bare:
        config.pop("mounts", None)
    # A standby starts by itself when the machine it stands in for is lost.
    launch = not (old.standbys and old.resting)
    create_once(_mounted(config, first, run), step.region, run, ctx, hidden=True, launch=launch)
    return True


def do_copy(step: CopyMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Create a machine like one that is there, or take the one that an earlier run has created for this."""
    if run.lane.machine is not None:
        # There is nothing to compare it with: it has never been anything else.
        run.before, run.touched = None, True
        return True
    source = ctx.record.before[step.source]
    ctx.phase(run, "creating")
    config = _mounted(newborn(source, tags={ROLLOUT: ctx.record.id}), source, run)
    config["image"] = pinned(source.image, source.digest)
    create_once(config, step.region, run, ctx)
    return True


def create_once(
    config: dict[str, Any], region: str, run: LaneRun, ctx: StepContext, *, hidden: bool = False, launch: bool = True
) -> Machine:
    """Create the lane's machine, or find it when an earlier attempt has created it and its answer was lost.

    Args:
        hidden: the proxy does not send it requests until it is uncordoned.
        launch: whether it is started.
    """
    api, app = ctx.rollout.api, ctx.rollout.app
    # A way back may make a machine in the same lane where the way there made its replacement.
    back = "/back" if run.lane.action == "restore" else ""
    tag = create_tag(ctx.record.id, run.lane.name + back)
    config["metadata"] = {**config["metadata"], CREATED: tag}
    # After an answer that never came the machine may exist: look before creating another one.
    machine = api.find_created(app, CREATED, tag) if run.touched else None
    if machine is None:
        if (volume := volume_step(run)) is not None and config.get("mounts"):
            config["mounts"][0]["volume"] = claim_volume(volume, run, ctx)
        run.touched = True
        secrets = ctx.rollout.secrets_version
        try:
            machine = api.create_machine(
                app,
                config=config,
                region=region,
                skip_launch=not launch,
                skip_service_registration=hidden,
                min_secrets_version=secrets,
            )
        except ApiError as error:
            if error.ambiguous:
                raise Busy(error.what, 2.0) from error
            raise
    _adopt(run, machine)
    ctx.acted(run)
    return machine


def volume_step(run: LaneRun) -> TakeVolume | None:
    """The lane's step that has a volume ready, None when its machine has none."""
    return next((step for step in run.lane.steps if isinstance(step, TakeVolume)), None)


def _mounted(config: dict[str, Any], model: Machine, run: LaneRun) -> dict[str, Any]:
    """The configuration with the model's mount, but for the volume itself."""
    step = volume_step(run)
    if step is not None and model.mounts:
        kept = {key: value for key, value in model.mount.items() if key not in OF_VOLUME}
        config["mounts"] = [kept | {"name": step.name}]
    return config


def _adopt(run: LaneRun, machine: Machine) -> None:
    run.machine_id = machine.id
    run.instance = machine.instance_id


def do_destroy(step: DestroyMachine, run: LaneRun, ctx: StepContext) -> bool:
    """Destroy a machine, and wait until it is no longer in the list."""
    if not run.sent:
        ctx.phase(run, "destroying")
        run.touched = True
        try:
            with leased(ctx, step.machine) as nonce:
                ctx.rollout.api.destroy(ctx.rollout.app, step.machine, force=True, nonce=nonce)
        except ApiError as error:
            if error.kind != "not_found":
                raise
        run.sent = True
        ctx.acted(run)
        return False
    if not (ctx.snapshot.whole and ctx.snapshot.number >= run.fresh_from):
        return False
    if step.machine in ctx.snapshot.machines:
        return False
    ctx.phase(run, "destroyed")
    return True
