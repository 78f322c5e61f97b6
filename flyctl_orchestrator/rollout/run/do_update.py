"""Gives an existing machine another configuration: the new one, or back the one it had."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.lanes import ASLEEP
from flyctl_orchestrator.rollout.plan.steps import FlyctlUpdate, RestoreMachine, UpdateMachine
from flyctl_orchestrator.rollout.run.inherit import inherit
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun, StepFailed
from flyctl_orchestrator.rollout.run.step_context import LEASE, Scene
from flyctl_orchestrator.rollout.state.metadata import BEFORE, ROLLOUT, SLEPT, alike, pinned


def do_update(step: UpdateMachine, run: LaneRun, scene: Scene) -> bool:
    """Copy what the first machine of the group got. Waits while there is no first machine yet."""
    first = _model(run, scene)
    if first is None:
        scene.phase(run, "waiting", "for the first machine of its process group")
        return False
    before = run.before
    assert before is not None
    scene.phase(run, "updating")
    tags = {ROLLOUT: scene.record.id, BEFORE: before.instance_id}
    tags |= {SLEPT: ASLEEP[before.state]} if before.state in ASLEEP else {}
    config = inherit(first, before, with_guest=run.lane.group in scene.means.sized, tags=tags)
    _put(run, scene, step.machine, config, before.instance_id, stay_asleep=before.state in ASLEEP)
    return True


def _model(run: LaneRun, scene: Scene) -> Machine | None:
    """The machine to copy: one that has passed the gate, or the one that flyctl has just changed in this very wave.

    Within a wave, how many machines may be changed at once is the limit's business, not the first machine's.
    """
    first = scene.record.firsts.get(run.lane.group)
    if first is not None:
        return first
    for other in list(scene.record.runs.values()):
        if other.lane.group == run.lane.group and isinstance(other.lane.steps[0], FlyctlUpdate) and other.index:
            return other.last_seen
    return None


def do_restore(step: RestoreMachine, run: LaneRun, scene: Scene) -> bool:
    """Give a machine back the configuration, image and cordon it had before the rollout."""
    before = run.before
    assert before is not None
    scene.phase(run, "restoring")
    now = _read(run, scene, step.machine)
    if now is None:
        raise StepFailed("disappeared", "the machine is gone and cannot be given back what it had")
    if alike(now, before):
        run.instance = now.instance_id
    else:
        config = copy.deepcopy(dict(before.config))
        # A tag can have moved to another image since; the digest cannot.
        config["image"] = pinned(before.image, before.digest)
        _put(run, scene, step.machine, config, now.instance_id, stay_asleep=before.state in ASLEEP)
    _recordon(run, scene, now, before)
    return True


def _put(
    run: LaneRun, scene: Scene, machine_id: str, config: dict[str, Any], version: str, *, stay_asleep: bool
) -> None:
    api, app = scene.means.api, scene.means.app
    config["metadata"] = {**(config.get("metadata") or {}), **scene.means.guard.tags(machine_id)}
    run.touched = True
    try:
        with leased(scene, machine_id) as nonce:
            updated = api.update_machine(
                app,
                machine_id,
                config=config,
                current_version=version,
                nonce=nonce,
                skip_launch=stay_asleep,
                min_secrets_version=scene.means.secrets_version,
            )
    except ApiError as error:
        if error.kind != "precondition":
            raise
        now = _read(run, scene, machine_id)
        if now is None or now.instance_id != version:
            raise StepFailed("changed_meanwhile", "somebody else has changed the machine meanwhile") from error
        raise Busy(error.what) from error
    run.instance = updated.instance_id
    run.after_event = max((event.timestamp_s for event in updated.events), default=run.after_event)
    scene.acted(run)


def _recordon(run: LaneRun, scene: Scene, now: Machine, before: Machine) -> None:
    if now.cordoned == before.cordoned:
        return
    change = scene.means.api.cordon if before.cordoned else scene.means.api.uncordon
    with leased(scene, before.id) as nonce:
        change(scene.means.app, now.id, nonce)
    scene.acted(run)


def _read(run: LaneRun, scene: Scene, machine_id: str) -> Machine | None:
    try:
        machine = scene.means.api.get_machine(scene.means.app, machine_id)
    except ApiError as error:
        if error.kind == "not_found":
            return None
        raise
    return None if machine.gone else machine


@contextmanager
def leased(scene: Scene, machine_id: str) -> Iterator[str]:
    """Hold a machine's lease for one call; gives its nonce. The proxy cannot wake or stop a leased machine."""
    api, app = scene.means.api, scene.means.app
    lease = api.acquire_lease(app, machine_id, LEASE, f"flyo rollout {scene.record.id}")
    try:
        yield lease.nonce
    finally:
        try:
            api.release_lease(app, machine_id, lease.nonce)
        except ApiError as error:
            # It expires by itself; what was done under it is done.
            scene.means.emit("warning", code="lease_kept", machine=machine_id, what=error.what)
