"""What the machines themselves tell about a rollout whose journal is on another computer, or lost.

Every machine says which rollout changed it last, which version it had before, and how it slept; its mark says what
passed the gate, and does not fit any more once it was changed. Fly keeps the configurations of a machine's recent
versions. What cannot be known from that: machines that are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.marks import BEFORE, ROLLOUT, SLEPT, Mark, config_digest, image_identity
from flyctl_orchestrator.rollout.memory.library import Library
from flyctl_orchestrator.rollout.memory.made import ROLLOUT_ID, maker
from flyctl_orchestrator.rollout.memory.past import Past
from flyctl_orchestrator.rollout.observe import Fleet
from flyctl_orchestrator.rollout.plan import Plan, PlannedImage

Config = Mapping[str, Any]


class Versions(Protocol):
    """Where a machine's earlier configurations are read."""

    def list_versions(self, app: str, machine_id: str) -> list[tuple[str, dict[str, Any]]]:
        """(instance_id, config), newest first."""
        ...


def unfinished_by_machines(fleet: Fleet, versions: Versions, library: Library) -> Past | None:
    """The rollout that the machines say never came to its end, None when all of them are one and proved.

    Raises:
        ApiError: the versions cannot be read.
    """
    marks = {machine.id: Mark.on(machine) for machine in fleet.managed}
    proved = {machine.id for machine in fleet.managed if (mark := marks[machine.id]) and mark.fits(machine)}
    if len(proved) == len(fleet.managed) and _uniform(fleet, marks):
        return None
    rollout = max((changed_by(machine) for machine in fleet.managed), default="")
    touched = [machine for machine in fleet.managed if changed_by(machine) == rollout or machine.id not in proved]
    if not rollout:
        return None
    newest = max(touched, key=lambda machine: (machine.release or 0, changed_by(machine) == rollout))
    ids = {machine.id for machine in touched}
    before = {m.id: _before(m, fleet.app, versions, rollout) if m.id in ids else m for m in fleet.managed}
    goal = [mark for machine in touched if (mark := marks[machine.id]) and machine.id in proved]
    plan = Plan(
        app=fleet.app,
        fingerprint=fleet.fingerprint(),
        image=PlannedImage(newest.image, newest.digest),
        definition=goal[0].definition if goal else "",
        secrets=fleet.secrets,
        groups=tuple(dict.fromkeys(machine.group for machine in fleet.managed)),
        waves=(),
    )
    known = {id: machine for id, machine in before.items() if machine is not None}
    return Past(rollout, library.path(rollout), "deploy", fleet.app, 0.0, plan=plan, before=known, changing=True)


def changed_by(machine: Machine) -> str:
    """Id of the rollout that changed or made a machine last, "" when none did."""
    rollout = machine.metadata.get(ROLLOUT, "")
    return max(rollout if ROLLOUT_ID.fullmatch(rollout) else "", maker(machine))


def _uniform(fleet: Fleet, marks: Mapping[str, Mark | None]) -> bool:
    goals = {(machine.group, mark.image, mark.definition) for machine in fleet.managed if (mark := marks[machine.id])}
    return len(goals) == len({machine.group for machine in fleet.managed})


def _before(machine: Machine, app: str, versions: Versions, rollout: str) -> Machine | None:
    """A machine as it was before a rollout; None when the rollout made it."""
    if maker(machine) == rollout:
        return None
    had = versions.list_versions(app, machine.id)
    found = _named(machine, had, rollout) or _marked(machine, had) or _next(machine, had)
    return machine if found is None else _with(machine, *found)


def _named(machine: Machine, had: list[tuple[str, dict[str, Any]]], rollout: str) -> tuple[str, Config] | None:
    if machine.metadata.get(ROLLOUT) != rollout:
        return None
    return next((each for each in had if each[0] == machine.metadata.get(BEFORE)), None)


def _marked(machine: Machine, had: list[tuple[str, dict[str, Any]]]) -> tuple[str, Config] | None:
    """The version that the mark, which no longer fits, is about."""
    mark = Mark.on(machine)
    for version, config in had:
        if mark is None or version == machine.instance_id:
            continue
        then = _with(machine, version, config)
        if config_digest(then) == mark.config and image_identity(then) in (mark.image, image_identity(machine)):
            return version, config
    return None


def _next(machine: Machine, had: list[tuple[str, dict[str, Any]]]) -> tuple[str, Config] | None:
    return next((each for each in had if each[0] != machine.instance_id), None)


def _with(machine: Machine, version: str, config: Config) -> Machine:
    image = str(config.get("image", ""))
    metadata = {str(key): str(value) for key, value in (config.get("metadata") or {}).items()}
    release = metadata.get("fly_release_version", "")
    return replace(
        machine,
        instance_id=version,
        config=config,
        image=image,
        digest=image.partition("@")[2] or None,
        metadata=metadata,
        release=int(release) if release.isdigit() else None,
        state=machine.metadata.get(SLEPT)
        or ("started" if machine.state not in ("stopped", "suspended") else machine.state),
        checks=(),
        events=(),
    )


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
