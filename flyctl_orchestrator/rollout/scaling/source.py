"""Which machine a new one is copied from, and what of it is copied."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.run.inherit import newborn
from flyctl_orchestrator.rollout.state.metadata import CREATED, VERIFIED, Verification, config_digest, pinned
from flyctl_orchestrator.rollout.state.observe import Fleet


def choose_source(fleet: Fleet, group: str, like: str | None = None) -> Machine:
    """The machine to copy: the one named, else the newest verified one of the group, else the newest good one.

    Raises:
        UsageError: there is none, it has a volume, or the group runs several images and none was named (scale.*).
    """
    where = f"app {fleet.app}"
    mine = [machine for machine in fleet.managed if machine.group == group and not machine.config.get("standbys")]
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
    source = max(mine, key=_merit)
    if source.mounts:
        raise UsageError(
            f"machines of process group {group} have volumes, and flyo does not create volumes",
            where=where,
            next=f"Run 'flyctl machine clone {source.id} --region REGION', which makes the volume too",
            code="scale.volume",
        )
    return source


def _merit(machine: Machine) -> tuple[bool, bool, bool, str, str]:
    good = machine.asleep or machine.healthy
    return verified(machine), good, not machine.cordoned, machine.updated_at or machine.created_at, machine.id


def verified(machine: Machine) -> bool:
    """Whether it passed the gate of a rollout and was not edited since."""
    mark = Verification.on(machine)
    return mark is not None and mark.fits(machine)


def copied_config(source: Machine, create_id: str) -> dict[str, Any]:
    """The configuration of a copy: the same image, by digest where it is known, and a tag to find it again by.

    Args:
        create_id: unique to this one create.
    """
    config = newborn(source, tags={CREATED: create_id})
    config["image"] = pinned(source.image, source.digest)
    return config


def proof_for(source: Machine, created: Machine) -> str | None:
    """The mark a copy deserves once it has passed its own gate: its source's, if nothing else was configured."""
    mark = source.metadata.get(VERIFIED)
    return mark if mark and verified(source) and config_digest(created) == config_digest(source) else None
