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
    """Create a machine through the Machines API, like the first machine of its process group.

    `replaces` is the machine it is to take the place of: it is created cordoned, and keeps what is that machine's own.
    """

    region: str
    group: str
    replaces: str | None = None


@dataclass(frozen=True)
class CloneMachine:
    """Create a cordoned machine that is not started, with the present configuration of this one."""

    machine: str


@dataclass(frozen=True)
class FlyctlConfigure:
    """flyctl, running for the whole wave, gives the clone its new configuration; wait until it has."""


@dataclass(frozen=True)
class RecreateMachine:
    """Create a cordoned machine with exactly what this one, which is gone, had before the rollout."""

    machine: str


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
    """Look at the machine until there is a verdict; `strict` False only asks that it is what it was before.

    `hidden`: it is cordoned by this rollout, and asked from outside all the same, by its id. `mark` False: another
    look follows, and only that one decides that it is verified.
    """

    strict: bool = True
    hidden: bool = False
    mark: bool = True


@dataclass(frozen=True)
class Uncordon:
    """Let the proxy send requests to the lane's machine."""


@dataclass(frozen=True)
class AwaitPropagation:
    """Wait until the proxy everywhere knows what was just changed; `drain`: and until requests under way are over."""

    drain: bool = False


@dataclass(frozen=True)
class Cordon:
    """Let the proxy send no more requests to this machine."""

    machine: str


@dataclass(frozen=True)
class AwaitSuccessor:
    """See that the machine which took this one's place is listed and takes requests; destroy nothing before."""

    machine: str


@dataclass(frozen=True)
class StopMachine:
    """Stop this machine: its kill_signal, and up to kill_timeout for the requests under way."""

    machine: str


@dataclass(frozen=True)
class PutToSleep:
    """Stop or suspend the machine, as it was found."""

    state: Sleep


Step = (
    FlyctlUpdate
    | FlyctlCreate
    | UpdateMachine
    | CreateMachine
    | CloneMachine
    | FlyctlConfigure
    | RecreateMachine
    | RestoreMachine
    | DestroyMachine
    | Uncordon
    | AwaitPropagation
    | Cordon
    | AwaitSuccessor
    | StopMachine
    | Wake
    | Gate
    | PutToSleep
)

NAMES: dict[type, str] = {
    FlyctlUpdate: "flyctl_update",
    FlyctlCreate: "flyctl_create",
    UpdateMachine: "update_machine",
    CreateMachine: "create_machine",
    CloneMachine: "clone_machine",
    FlyctlConfigure: "flyctl_configure",
    RecreateMachine: "recreate_machine",
    Uncordon: "uncordon",
    AwaitPropagation: "await_propagation",
    Cordon: "cordon",
    AwaitSuccessor: "await_successor",
    StopMachine: "stop_machine",
    RestoreMachine: "restore_machine",
    DestroyMachine: "destroy_machine",
    Wake: "wake",
    Gate: "gate",
    PutToSleep: "put_to_sleep",
}
TYPES = {name: kind for kind, name in NAMES.items()}
BY_FLYCTL = (FlyctlUpdate, FlyctlCreate, FlyctlConfigure)
"""Steps that flyctl does while the wave watches."""


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
