"""What a rollout knows: what was there before, what is wanted, and what it has touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.journal import Journal
from flyctl_orchestrator.rollout.lane_run import LaneRun
from flyctl_orchestrator.rollout.marks import reasons_to_change
from flyctl_orchestrator.rollout.plan import Plan


@dataclass(frozen=True)
class Origin:
    """A state of the fleet to come back to.

    Attributes:
        machines: id -> the machine as it was.
        ill: ids of machines that were not healthy then, and need not be healthier now.
        created: says of a machine that is not among them whether the rollout made it, so that it is to go.
    """

    machines: Mapping[str, Machine]
    ill: frozenset[str] = frozenset()
    created: Callable[[Machine], bool] = lambda machine: False


@dataclass
class Record:
    """One rollout's memory.

    Attributes:
        id: the rollout's.
        before: machine id -> the machine as it was found.
        baseline: machine id -> its answer before the rollout, for those that were awake.
        ref, digest: the image to roll out; the digest is learnt from the first machine when the builder did not tell.
        firsts: process group -> a machine that has the wanted configuration and passed the gate.
        replaced: machine id -> id of the machine it took the place of (flyctl replaces what it cannot update).
        runs: lane name -> every lane that was begun.
        cordoned: ids of machines this rollout has closed to requests.
        origin: where a way back leads when that is not `before`: a resumed rollout goes back to where the killed one
            began.
    """

    id: str
    plan: Plan
    journal: Journal
    before: Mapping[str, Machine]
    ref: str
    digest: str | None
    baseline: dict[str, Answer] = field(default_factory=dict)
    firsts: dict[str, Machine] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    runs: dict[str, LaneRun] = field(default_factory=dict)
    cordoned: set[str] = field(default_factory=set)
    origin: Origin | None = None

    def before_of(self, machine_id: str | None) -> Machine | None:
        """A machine as it was found (or the one whose place it took); None when it was not there."""
        return self.before.get(self.replaced.get(machine_id or "", machine_id or ""))

    def baseline_for(self, machine: Machine) -> Answer | None:
        """What a machine, or else the quickest one in its region, answered before the rollout."""
        if machine.id in self.baseline:
            return self.baseline[machine.id]
        near = [answer for id, answer in self.baseline.items() if self.before[id].region == machine.region]
        good = [answer for answer in near if answer.ok and answer.latency_s is not None]
        return min(good, key=lambda answer: answer.latency_s or 0.0) if good else next(iter(near), None)

    def was_healthy(self, machine_id: str) -> bool:
        """Whether a machine was healthy before, as far as anybody could tell; one that slept gets the benefit."""
        machine = self.before.get(machine_id)
        if machine is None:
            return True
        answer = self.baseline.get(machine_id)
        running = machine.state == "started" or machine.sleeping
        return running and machine.checks_passing and (answer is None or answer.ok)

    def ill(self) -> list[str]:
        """Ids of the machines that were not healthy before, as far as is known by now; they need not be so again."""
        origin = self.origin
        return sorted(origin.ill if origin else [id for id in self.before if not self.was_healthy(id)])

    def learn_firsts(self, machines: Iterable[Machine]) -> None:
        """Find the machines that are already as wanted; others may be made like them."""
        for machine in machines:
            why = reasons_to_change(machine, self.ref, self.digest, self.plan.definition, self.plan.secrets)
            if machine.managed and not why:
                self.firsts.setdefault(machine.group, machine)


def machine_of_dict(app: str, data: Mapping[str, Any]) -> Machine:
    """The machine that `machine_as_dict` wrote.

    Raises:
        KeyError: it did not.
    """
    config = data["config"]
    metadata = {str(key): str(value) for key, value in (config.get("metadata") or {}).items()}
    release = metadata.get("fly_release_version", "")
    return Machine(
        id=data["id"],
        name=data["name"],
        app=app,
        region=data["region"],
        state=data["state"],
        instance_id=data["instance_id"],
        image=str(config.get("image", "")),
        digest=data["digest"],
        group=data["group"],
        config=config,
        metadata=metadata,
        cordoned=data["cordoned"],
        release=int(release) if release.isdigit() else None,
    )


def machine_as_dict(machine: Machine) -> dict[str, Any]:
    """Everything needed to give a machine back what it had, as plain JSON values."""
    return {
        "id": machine.id,
        "name": machine.name,
        "region": machine.region,
        "group": machine.group,
        "state": machine.state,
        "instance_id": machine.instance_id,
        "digest": machine.digest,
        "cordoned": machine.cordoned,
        "config": dict(machine.config),
    }
