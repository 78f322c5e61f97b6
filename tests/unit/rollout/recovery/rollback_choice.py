"""A fleet with a past, and the state that `flyo rollback` chooses for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.recovery.rollback_target import State, choose_state
from flyctl_orchestrator.rollout.state.metadata import VERIFIED, verification_for
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.rollout.journal.kept_rollouts import APP, Kept, machine

Had = Mapping[str, list[tuple[str, dict[str, Any]]]]


class Versions:
    """The versions that Fly keeps of machines, newest first."""

    def __init__(self, had: Had | None = None) -> None:
        self._had = had or {}

    def list_versions(self, app: str, machine_id: str) -> list[tuple[str, dict[str, Any]]]:
        assert app == APP
        return self._had.get(machine_id, [])


def one(release: int, image: str, **more: Any) -> list[Machine]:
    """A fleet of one machine."""
    return [machine("a", release, image=image, **more)]


def choose(kept: Kept, machines: list[Machine], wanted: str | None = None, had: Had | None = None) -> State:
    """The state that `flyo rollback` would go back to."""
    return choose_state(kept.store, Fleet(APP, True, tuple(machines), "secrets"), Versions(had), wanted)


def led_to(state: State) -> dict[str, str]:
    """Machine id -> the label of the image it would run."""
    return {id: each.image.split(":")[1].split("@")[0] for id, each in state.restore_point.machines.items()}


def passed(each: Machine, secrets: str) -> Machine:
    """A machine that passed the gate with these secrets."""
    verification = str(verification_for(each, "definition", secrets))
    config = {**each.config, "metadata": {**each.metadata, VERIFIED: verification}}
    return replace(each, metadata=config["metadata"], config=config)
