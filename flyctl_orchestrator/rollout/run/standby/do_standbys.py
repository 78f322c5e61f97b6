"""Has a standby machine name the machines that are there: what it named may have been replaced, or made anew."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.steps import AwaitReplacement, DestroyMachine, RecreateMachine, SetStandbys
from flyctl_orchestrator.rollout.run.do_update import put_config, read_now, tags_of_update
from flyctl_orchestrator.rollout.run.lane import LaneRun, StepFailed
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.state.metadata import (
    REPLACES,
    ROLLOUT,
    VERIFIED,
    Verification,
    config_digest,
    pinned,
    verified,
)


def do_set_standbys(step: SetStandbys, run: LaneRun, ctx: StepContext) -> bool:
    """Put the present names into the lane's machine. Waits, on the way back, for a machine that is made anew."""
    machine = read_now(ctx, run.machine_id or "")
    if machine is None:
        raise StepFailed("disappeared", "the standby machine is gone")
    if _unmade(machine.standbys, ctx.record):
        ctx.phase(run, "waiting", "for the machine it stands in for")
        return False
    back = run.lane.action == "restore"
    names = list(dict.fromkeys(present_name(name, ctx.record, back=back) for name in machine.standbys))
    if tuple(names) == machine.standbys:
        run.instance = machine.instance_id
        return True
    ctx.phase(run, "updating")
    config = _naming(machine, names)
    if run.before is not None and not back and machine.metadata.get(ROLLOUT) != ctx.record.id:
        config["metadata"] |= tags_of_update(run.before, ctx)
    put_config(run, ctx, machine.id, config, machine.instance_id, stay_asleep=machine.resting)
    return True


def _naming(machine: Machine, names: list[str]) -> dict[str, Any]:
    """The machine's configuration with other names. What was verified of it stays verified: it is no other machine."""
    config = copy.deepcopy(dict(machine.config))
    config |= {"standbys": names, "image": pinned(machine.image, machine.digest)}
    config["env"] = {**(config.get("env") or {}), "FLY_STANDBY_FOR": ",".join(names)}
    config["metadata"] = dict(machine.metadata)
    found = Verification.on(machine)
    if found is not None and verified(machine):
        config["metadata"][VERIFIED] = str(replace(found, config=config_digest(replace(machine, config=config))))
    return config


def _unmade(names: Iterable[str], record: Record) -> bool:
    """Whether one of these machines is still to be made anew."""
    return any(not run.over and run.machine_id in (None, name) for name in names for run in _remaking(name, record))


def _remaking(name: str, record: Record) -> list[LaneRun]:
    return [run for run in list(record.runs.values()) if RecreateMachine(name) in run.lane.steps]


def present_name(name: str, record: Record, *, back: bool) -> str:
    """The machine that stands in the place of another one by now, or will; its own name while nothing does.

    Args:
        back: whether the rollout goes back: what it is replaced by does not stay then.
    """
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        name = _successor(name, record, back=back) or name
    return name


def _successor(name: str, record: Record, *, back: bool) -> str:
    remade = [run.machine_id for run in _remaking(name, record) if run.machine_id not in (None, name)]
    made = [run.machine_id for run in list(record.runs.values()) if run.lane.replaces == name and run.machine_id]
    if found := next(filter(None, remade if back else made), ""):
        return found
    lanes = () if back else tuple(record.plan.lanes)
    steps = [step for lane in lanes for step in lane.steps]
    retired = {step.machine for step in steps if isinstance(step, AwaitReplacement)}
    if name in record.before and name not in retired:
        return ""
    discarded = {step.machine for step in steps if isinstance(step, DestroyMachine)} - retired
    there = (each.id for each in record.before.values() if each.metadata.get(REPLACES) == name)
    return next((id for id in there if id not in discarded), "")
