"""What the machines themselves tell about a rollout whose journal is on another computer, or lost.

Every machine says which rollout changed it last, which version it had before, and how it slept; its verification says
what passed the gate, and does not fit any more once it was changed. Fly keeps the configurations of a machine's
recent versions. What cannot be known from that: machines that are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine, release_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.state.metadata import BEFORE, REPLACES, SLEPT, VERIFIED, Verification, config_digest
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.state.rollout_ids import began_at, changed_by, maker, newest_of

Config = Mapping[str, Any]


class Versions(Protocol):
    """Where a machine's earlier configurations are read."""

    def list_versions(self, app: str, machine_id: str) -> list[tuple[str, dict[str, Any]]]:
        """(instance_id, config), newest first."""
        ...


def unfinished_by_machines(fleet: Fleet, versions: Versions, journals: JournalStore) -> PastRollout | None:
    """The rollout of flyo's that the machines say never came to its end, None when there is none.

    Raises:
        ApiError: the versions cannot be read.
        FlyoError: it replaces machines, of which these alone do not tell enough.
    """
    verifications = {machine.id: Verification.on(machine) for machine in fleet.managed}
    proved = {machine.id for machine in fleet.managed if (found := verifications[machine.id]) and found.fits(machine)}
    if len(proved) == len(fleet.managed) and _uniform(fleet, verifications):
        return None
    _refuse_replacing(fleet)
    doubtful = [machine for machine in fleet.managed if machine.id not in proved]
    had = {machine.id: versions.list_versions(fleet.app, machine.id) for machine in doubtful}
    rollout = newest_of(changed_by(m) for m in (doubtful or fleet.managed) if not doubtful or _by_it(m, had[m.id]))
    if not rollout:
        # Whoever changed what is not proved, it was no rollout of flyo's, or one that has not come so far as to say so.
        return None
    touched = [m for m in fleet.managed if m.id not in proved or changed_by(m) == rollout]
    newest = max(touched, key=lambda machine: (machine.release or 0, changed_by(machine) == rollout))
    before = {machine.id: machine for machine in fleet.managed}
    for machine in touched:
        then = _before(machine, rollout, had.get(machine.id) or versions.list_versions(fleet.app, machine.id), before)
        if then is None:
            # The proxy sent it no more requests because of the one that goes now.
            replaced = before.get(machine.metadata.get(REPLACES, ""))
            before |= {replaced.id: replace(replaced, cordoned=False)} if replaced else {}
            del before[machine.id]
        else:
            before[machine.id] = replace(then, cordoned=before[machine.id].cordoned)
    goal = [found for machine in touched if (found := verifications[machine.id]) and machine.id in proved]
    plan = Plan(
        app=fleet.app,
        fingerprint=fleet.fingerprint(),
        image=PlannedImage(newest.image, newest.digest),
        definition=goal[0].definition if goal else "",
        secrets=fleet.secrets,
        groups=tuple(dict.fromkeys(machine.group for machine in fleet.managed)),
        waves=(),
    )
    at = began_at(rollout)
    ids = frozenset(machine.id for machine in touched)
    origin = RestorePoint(before, at, touched=ids, made_by=frozenset({rollout}))
    return PastRollout(
        rollout,
        journals.path(rollout),
        "deploy",
        fleet.app,
        at,
        plan=plan,
        before=before,
        began=at,
        origin=origin,
        changing=True,
    )


def _refuse_replacing(fleet: Fleet) -> None:
    ids = {machine.id for machine in fleet.managed}
    if any(machine.metadata.get(REPLACES) in ids for machine in fleet.managed):
        raise FlyoError(
            "a rollout that replaces machines is unfinished, and its journal is not on this computer",
            where=f"app {fleet.app}",
            next="Resume or abort it where it was begun; or 'flyo deploy' here, which goes on from what is there",
            code="takeover.surge",
            exit=Exit.INCONCLUSIVE,
        )


def _by_it(machine: Machine, had: list[tuple[str, dict[str, Any]]]) -> bool:
    """Whether what is written on an unproved machine is about its last change, and not about an earlier one."""
    if Verification.on(machine) is None and maker(machine):
        return True
    return len(had) > 1 and had[1][0] == machine.metadata.get(BEFORE)


def _uniform(fleet: Fleet, verifications: Mapping[str, Verification | None]) -> bool:
    goals = {
        (machine.group, found.image, found.definition)
        for machine in fleet.managed
        if (found := verifications[machine.id])
    }
    return len(goals) == len({machine.group for machine in fleet.managed})


def _before(
    machine: Machine, rollout: str, had: list[tuple[str, dict[str, Any]]], fleet: Mapping[str, Machine]
) -> Machine | None:
    """A machine as it was before a rollout; None when the rollout made it.

    One that took the place of another which is gone stays: nothing is known of that one any more.
    """
    verification = Verification.on(machine)
    proved = verification is not None and verification.fits(machine)
    if rollout and maker(machine) == rollout and (verification is None or proved):
        replaces = machine.metadata.get(REPLACES)
        return machine if replaces and replaces not in fleet else None
    if proved:
        found = next((each for each in had if each[0] == machine.metadata.get(BEFORE)), None)
    else:
        found = had[1] if len(had) > 1 else None
    return machine if found is None else _with(machine, *found)


def _with(machine: Machine, version: str, config: Config) -> Machine:
    image = str(config.get("image", ""))
    metadata = {str(key): str(value) for key, value in (config.get("metadata") or {}).items()}
    then = replace(
        machine,
        instance_id=version,
        config=config,
        image=image,
        digest=image.partition("@")[2] or None,
        metadata=metadata,
        release=release_of(metadata),
        state=machine.metadata.get(SLEPT) or (machine.sleep_state or "started"),
        checks=(),
        events=(),
    )
    # A verification is written after a version has begun and so is not in it; the machine carries it until the next.
    carried = Verification.on(machine)
    known = carried is not None and carried.config == config_digest(then)
    known = known and (not then.digest or (carried is not None and carried.fits(then)))
    return replace(then, metadata={**metadata, VERIFIED: machine.metadata[VERIFIED]}) if known else then


@dataclass(frozen=True)
class Earlier:
    """A state put together from machines' versions.

    Attributes:
        missing: machines of which no such version is known; they stay as they are.
    """

    machines: Mapping[str, Machine]
    missing: tuple[Machine, ...]


def earlier_by_versions(fleet: Fleet, versions: Versions, release: int | None) -> Earlier:
    """Every machine as it was in a release, or in the one before its present one.

    Args:
        release: flyctl's number; None for the newest that is older than the present one.
    """
    found: dict[str, Machine] = {}
    missing = []
    present = max((machine.release or 0 for machine in fleet.managed), default=0)
    for machine in fleet.managed:
        had = [_with(machine, *each) for each in versions.list_versions(fleet.app, machine.id)]
        fit = [each for each in had if each.release is not None]
        fit = [each for each in fit if (each.release == release if release else (each.release or 0) < present)]
        if not fit:
            missing.append(machine)
        found[machine.id] = replace(fit[0], state=machine.state) if fit else machine
    return Earlier(found, tuple(missing))
