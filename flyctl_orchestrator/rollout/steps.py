"""The steps a plan is made of: frozen, typed, and the same whether they are shown, run, rehearsed or resumed.

A step names machines by id. Machines that do not exist yet have no id: the lane they are in is their name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Sleep = Literal["stopped", "suspended"]


@dataclass(frozen=True)
class FlyctlUpdate:
    """flyctl, running for the whole wave, gives this machine its new configuration; wait until it has."""

    machine: str


@dataclass(frozen=True)
class FlyctlCreate:
    """flyctl creates this machine (the first one of its process group, in the primary region)."""

    region: str
    group: str


@dataclass(frozen=True)
class UpdateMachine:
    """Give a machine what flyctl gave to the first machine of its process group, through the Machines API."""

    machine: str


@dataclass(frozen=True)
class CreateMachine:
    """Create a machine through the Machines API, like the first machine of its process group."""

    region: str
    group: str


@dataclass(frozen=True)
class RestoreMachine:
    """Give a machine back exactly what it had before the rollout (kept in the journal)."""

    machine: str


@dataclass(frozen=True)
class DestroyMachine:
    """Destroy a machine for good."""

    machine: str


@dataclass(frozen=True)
class Wake:
    """Start or resume a machine that sleeps, so that it can be looked at."""


@dataclass(frozen=True)
class Gate:
    """Look at the machine until there is a verdict; `strict` False only asks that it is what it was before."""

    strict: bool = True


@dataclass(frozen=True)
class PutToSleep:
    """Stop or suspend the machine, as it was found."""

    state: Sleep


Step = (
    FlyctlUpdate
    | FlyctlCreate
    | UpdateMachine
    | CreateMachine
    | RestoreMachine
    | DestroyMachine
    | Wake
    | Gate
    | PutToSleep
)

NAMES: dict[type, str] = {
    FlyctlUpdate: "flyctl_update",
    FlyctlCreate: "flyctl_create",
    UpdateMachine: "update_machine",
    CreateMachine: "create_machine",
    RestoreMachine: "restore_machine",
    DestroyMachine: "destroy_machine",
    Wake: "wake",
    Gate: "gate",
    PutToSleep: "put_to_sleep",
}
TYPES = {name: kind for kind, name in NAMES.items()}


def step_name(step: Step) -> str:
    """The step's stable name, as used in plans, events and journals."""
    return NAMES[type(step)]


def step_as_dict(step: Step) -> dict[str, Any]:
    """The step as plain JSON values."""
    return {"step": step_name(step), **asdict(step)}


def step_of_dict(data: dict[str, Any]) -> Step:
    """The step that `step_as_dict` wrote.

    Raises:
        KeyError, TypeError: it did not.
    """
    fields = {key: value for key, value in data.items() if key != "step"}
    step: Step = TYPES[data["step"]](**fields)
    return step
