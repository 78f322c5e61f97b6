"""A plan: what will change, machine by machine, in which order. Nothing in it can be misread as something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flyctl_orchestrator.project.model import DEFAULT_GROUP
from flyctl_orchestrator.rollout.plan.steps import Step

PlanKind = Literal["deploy", "scale"]
Action = Literal["update", "create", "destroy", "restore", "replace"]
DriftKind = Literal["edited", "mixed_image", "stray", "surplus", "missing", "removed_group", "unmanaged"]


@dataclass(frozen=True)
class Lane:
    """What happens to one machine, step after step.

    Attributes:
        name: unique within the plan, e.g. "iad/app/148e21d7" or "nrt/app/new-1".
        machine: its id, None while it does not exist.
        action: what the lane comes to, in one word.
        reasons: why, e.g. ("image",) or ("secrets", "config").
        weight: machines of the region that do not serve while this lane runs; 0 when nothing is lost.
        replaces: id of the machine that this lane's new one takes the place of.
    """

    name: str
    region: str
    group: str
    machine: str | None
    action: Action
    steps: tuple[Step, ...]
    reasons: tuple[str, ...] = ()
    weight: int = 1
    replaces: str | None = None

    @property
    def by_flyctl(self) -> bool:
        """Whether flyctl makes its machine's configuration."""
        return any(step.by_flyctl for step in self.steps)


@dataclass(frozen=True)
class FlyctlRun:
    """One run of `flyctl deploy`, which turns fly.toml into the configuration of the first machines.

    Attributes:
        regions: machines of these regions only; empty means no filter.
        groups: machines of these process groups only; empty means no filter.
        machines: these machines only; empty means no filter.
        create: whether flyctl may create the first machine of a process group.
        primary: region to create it in, whatever fly.toml says; "" where nothing is created.
        release_command: whether flyctl runs the release command; once per rollout.
        clones: the machines are those which the wave's lanes clone first; their ids are not known before.
    """

    regions: tuple[str, ...]
    groups: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    create: bool = False
    release_command: bool = True
    clones: bool = False
    primary: str = ""


@dataclass(frozen=True)
class Wave:
    """Lanes that run together; the next wave starts when every lane of this one has passed its gate.

    Attributes:
        name: "canary", "wave 2", …
        limit: lanes at once within one region, by weight; 0 means no limit.
        watch: seconds for which each machine is watched after it has passed, None where the way back decides.
        bake: seconds of watching after that.
        final: every machine that is to be new is verified before it; a failure in it is no reason to go back.
    """

    name: str
    lanes: tuple[Lane, ...]
    flyctl: FlyctlRun | None = None
    limit: int = 1
    bake: float = 0.0
    final: bool = False
    watch: float | None = None

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions it touches, in order of first appearance."""
        return tuple(dict.fromkeys(lane.region for lane in self.lanes))


@dataclass(frozen=True)
class Drift:
    """Something on the fleet that differs from what the files say, and that a deploy leaves alone or puts right.

    Attributes:
        kind: stable name.
        machine: id, "" when it is about a region.
        what: one line for a person.
        fixed: whether this plan puts it right.
    """

    kind: DriftKind
    region: str
    group: str
    machine: str
    what: str
    fixed: bool = False


@dataclass(frozen=True)
class LeftOut:
    """What a rollout leaves as it is: a machine, or all of a region or process group (`machine` is "" then)."""

    region: str
    group: str = ""
    machine: str = ""


@dataclass(frozen=True)
class PlannedImage:
    """The image to roll out; `ref` is None while it still has to be built."""

    ref: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class MachineCount:
    """How many machines a place has, and is to have."""

    region: str
    group: str
    before: int
    count: int


def counts_text(counts: Sequence[MachineCount]) -> str:
    """The counts that change, for a person, e.g. "app:nrt 0 → 2, worker:fra 1 → 0", or "nrt 0 → 2" of group app."""
    grouped = {count.group for count in counts} - {DEFAULT_GROUP}
    return ", ".join(
        f"{f'{count.group}:' if grouped else ''}{count.region} {count.before} → {count.count}"
        for count in counts
        if count.before != count.count
    )


@dataclass(frozen=True)
class Plan:
    """Everything a rollout will do.

    Attributes:
        fingerprint: of the fleet the plan was made for; a plan runs on no other.
        definition: of fly.toml (`definition_digest`), so that a kept plan is not run with another file.
        secrets: of the names and digests of the secrets.
        groups: process groups of fly.toml.
        regions: of flyo.toml, in order.
        unchanged: machines that are already as they should be.
        notes: what a person should know about how the plan came to be.
        kind: what it is a plan of.
        counts: what a scale was asked for; empty for a deploy, which does nothing but what flyo.toml says.
        left_out: machines and regions that are left as they are because somebody said so.
    """

    app: str
    fingerprint: str
    image: PlannedImage
    definition: str
    secrets: str
    groups: tuple[str, ...]
    waves: tuple[Wave, ...]
    regions: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    unchanged: int = 0
    notes: tuple[str, ...] = ()
    kind: PlanKind = "deploy"
    counts: tuple[MachineCount, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def lanes(self) -> Iterator[Lane]:
        """Every lane of every wave."""
        return (lane for wave in self.waves for lane in wave.lanes)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.waves
