"""Which machine a new one is copied from."""

from __future__ import annotations

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import verified
from flyctl_orchestrator.rollout.state.observe import Fleet


def choose_source(fleet: Fleet, group: str, like: str | None = None) -> Machine:
    """The machine to copy: the one named, else the newest verified one of the group, else the newest good one.

    Raises:
        UsageError: there is none, or the group runs several images and none was named (scale.*).
    """
    where = f"app {fleet.app}"
    mine = [machine for machine in fleet.managed if machine.group == group and not machine.standbys]
    if like is not None:
        mine = [machine for machine in mine if machine.id == like]
        if not mine:
            what = f"machine {like} is no machine of process group {group}"
            raise UsageError(what, where=where, next="'flyo status --machines' lists them", code="scale.like")
    if not mine:
        what = f"process group {group} has no machine to copy"
        raise UsageError(what, where=where, next="Run 'flyo deploy', which makes the first one", code="scale.no_source")
    images = {machine.digest or machine.image for machine in mine}
    if len(images) > 1:
        raise UsageError(
            f"process group {group} runs {len(images)} different images, so it is not clear which to copy",
            where=where,
            next="Run 'flyo deploy' to make them one, or name the machine to copy with --like ID",
            code="scale.mixed",
        )
    return max(mine, key=_merit)


def _merit(machine: Machine) -> tuple[bool, bool, bool, str, str]:
    good = machine.asleep or machine.healthy
    return verified(machine), good, not machine.cordoned, machine.updated_at or machine.created_at, machine.id
