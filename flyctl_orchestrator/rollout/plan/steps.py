"""The steps a plan is made of: frozen, typed, and the same whether they are shown, run, rehearsed or resumed.

A step names machines by id. Machines that do not exist yet have no id: the lane they are in is their name.

A kind of step is declared here once, with everything the others need to know of it; what it does stands in
`rollout/run/perform.py`, which is complete or a test fails, as is the list in docs/reference/events.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from flyctl_orchestrator.fleet.machine import Sleep


@dataclass(frozen=True)
class Step:
    """One thing that happens to one machine.

    Attributes:
        kind: stable name, as used in plans, events and journals.
        untimed: whether it may have to wait for somebody else; its machine's time starts when it is done.
        by_flyctl: whether flyctl does it while the wave watches.
    """

    kind: ClassVar[str] = ""
    untimed: ClassVar[bool] = False
    by_flyctl: ClassVar[bool] = False

    def as_dict(self) -> dict[str, Any]:
        """The step as plain JSON values."""
        return {"step": self.kind, **asdict(self)}


@dataclass(frozen=True)
class FlyctlUpdate(Step):
    """flyctl, running for the whole wave, gives this machine its new configuration; wait until it has."""

    kind = "flyctl_update"
    untimed = by_flyctl = True
    machine: str


@dataclass(frozen=True)
class FlyctlCreate(Step):
    """flyctl creates this machine, the first one of its process group."""

    kind = "flyctl_create"
    untimed = by_flyctl = True
    region: str
    group: str


@dataclass(frozen=True)
class SetPrimaryRegion(Step):
    """Have the machine's PRIMARY_REGION say what fly.toml says (None: nothing): flyctl was told where to create it."""

    kind = "set_primary_region"
    untimed = True
    region: str | None


@dataclass(frozen=True)
class SetStandbys(Step):
    """Have the lane's standby machine name what has taken the place of the machines it names, as far as that is so."""

    kind = "set_standbys"
    untimed = True


@dataclass(frozen=True)
class TakeVolume(Step):
    """Have a volume for the lane's new machine: one of that name and region that no machine has, else a new one.

    Attributes:
        volume: id of the one that no machine had when this was planned, "" when there was none.
        size_gb: of a new one; the rest is said of it, too, as far as it is known.
        path: where it is mounted.
    """

    kind = "take_volume"
    untimed = True
    region: str
    group: str
    name: str
    size_gb: int
    volume: str = ""
    snapshot_retention: int | None = None
    scheduled_snapshots: bool | None = None
    cpu_kind: str = ""
    cpus: int = 0
    memory_mb: int = 0
    path: str = ""


@dataclass(frozen=True)
class DestroyVolume(Step):
    """Destroy a volume, and what is on it, that the lane's machine had."""

    kind = "destroy_volume"
    untimed = True
    volume: str


@dataclass(frozen=True)
class UpdateMachine(Step):
    """Give a machine what flyctl gave to the first machine of its process group, through the Machines API."""

    kind = "update_machine"
    untimed = True
    machine: str


@dataclass(frozen=True)
class CreateMachine(Step):
    """Create a machine through the Machines API, like the first machine of its process group.

    `replaces` is the machine it is to take the place of: it is created cordoned, and keeps what is that machine's own,
    but for its volume if it is to be `bare`.
    """

    kind = "create_machine"
    untimed = True
    region: str
    group: str
    replaces: str | None = None
    bare: bool = False


@dataclass(frozen=True)
class CopyMachine(Step):
    """Create a machine with the present configuration of `source`; one that the lane has already is taken for it."""

    kind = "copy_machine"
    untimed = True
    source: str
    region: str
    group: str


@dataclass(frozen=True)
class CloneMachine(Step):
    """Create a cordoned machine that is not started, with the present configuration of this one.

    `bare`: but for its volume.
    """

    kind = "clone_machine"
    untimed = True
    machine: str
    bare: bool = False


@dataclass(frozen=True)
class FlyctlConfigure(Step):
    """flyctl, running for the whole wave, gives the clone its new configuration; wait until it has."""

    kind = "flyctl_configure"
    untimed = by_flyctl = True


@dataclass(frozen=True)
class RecreateMachine(Step):
    """Create a cordoned machine with exactly what this one, which is gone, had before the rollout."""

    kind = "recreate_machine"
    untimed = True
    machine: str


@dataclass(frozen=True)
class RestoreMachine(Step):
    """Give a machine back exactly what it had before the rollout (kept in the journal)."""

    kind = "restore_machine"
    untimed = True
    machine: str


@dataclass(frozen=True)
class DestroyMachine(Step):
    """Destroy a machine for good."""

    kind = "destroy_machine"
    machine: str


@dataclass(frozen=True)
class Wake(Step):
    """Start or resume a machine that sleeps, so that it can be looked at."""

    kind = "wake"


@dataclass(frozen=True)
class Gate(Step):
    """Look at the machine until there is a verdict; `strict` False only asks that it is what it was before.

    `hidden`: it is cordoned by this rollout, and asked from outside all the same, by its id. `verifies` False:
    another gate follows, and only that one makes it verified.
    """

    kind = "gate"
    strict: bool = True
    hidden: bool = False
    verifies: bool = True


@dataclass(frozen=True)
class Uncordon(Step):
    """Let the proxy send requests to the lane's machine."""

    kind = "uncordon"


@dataclass(frozen=True)
class AwaitPropagation(Step):
    """Wait until the proxy everywhere knows what was just changed; `drain`: and until requests under way are over."""

    kind = "await_propagation"
    drain: bool = False


@dataclass(frozen=True)
class Cordon(Step):
    """Let the proxy send no more requests to this machine."""

    kind = "cordon"
    machine: str


@dataclass(frozen=True)
class AwaitReplacement(Step):
    """See that the machine which took this one's place is listed and takes requests; destroy nothing before."""

    kind = "await_replacement"
    machine: str


@dataclass(frozen=True)
class StopMachine(Step):
    """Stop this machine: its kill_signal, and up to kill_timeout for the requests under way."""

    kind = "stop_machine"
    machine: str


@dataclass(frozen=True)
class PutToSleep(Step):
    """Stop or suspend the machine, as it was found."""

    kind = "put_to_sleep"
    state: Sleep


KINDS: dict[str, type[Step]] = {kind.kind: kind for kind in Step.__subclasses__()}
"""Every kind of step by its name."""


def step_of_dict(data: dict[str, Any]) -> Step:
    """The step that `Step.as_dict` wrote.

    Raises:
        KeyError, TypeError: it did not.
    """
    fields = {key: value for key, value in data.items() if key != "step"}
    return KINDS[data["step"]](**fields)


def machines_named(step: Step) -> Iterator[str]:
    """Ids of the machines that a step is about by name, its lane's own aside."""
    yield from (value for name in ("machine", "replaces") if isinstance(value := getattr(step, name, None), str))
