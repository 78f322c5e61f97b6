"""A project whose machines have volumes, on the simulated platform; whoever works on it can be killed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.plan.scale import plan_scale
from flyctl_orchestrator.rollout.plan.volumes import specs_of
from tests.unit.rollout.recovery.killed_world import FLY_TOML, KilledWorld

MOUNTS = """
[mounts]
source = "{name}"
destination = "/data"
initial_size = "3gb"
"""


class MountedWorld(KilledWorld):
    """Three regions at first, one machine and one volume in each.

    Attributes:
        sick: regions whose machines never pass their check.
        volume: name of the volume that fly.toml mounts, "" when it mounts none.
    """

    fly_toml = FLY_TOML

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.mount()
        self.sick: set[str] = set()

    def mount(self, name: str = "data") -> None:
        """Have fly.toml mount a volume of that name, or none ("")."""
        (self.directory / "fly.toml").write_text(self.fly_toml + (MOUNTS.format(name=name) if name else ""))
        self.world.mounts = dict.fromkeys(self.world.groups, name) if name else {}
        self.volume = name

    def make(self, *regions: str) -> list[str]:
        """Volumes that no machine has, one in each of these regions."""
        wanted = {"name": self.volume, "size_gb": 3}
        return [self.world.api.volumes.create("shop", region, wanted).id for region in regions]

    def push(self, label: str) -> PlannedImage:
        """An image that is ill in some regions."""
        return self.world.push(label, Behaviour(healthy=lambda machine, region: region not in self.sick))

    def resize(self, counts: Mapping[str, int], *, with_volumes: bool = False) -> Outcome:
        """`flyo scale REGION=COUNT … [--with-volumes]`."""
        work = self.work()
        fleet = work.observe()
        places = {(region, "app"): count for region, count in counts.items()}
        plan = plan_scale(fleet, places, specs=specs_of(work.project.flytoml), with_volumes=with_volumes)
        return work.run(plan, fleet)

    def owners(self) -> dict[str, str | None]:
        """Volume id -> the machine that has it."""
        return {each["id"]: each["attached_machine_id"] for each in self.world.volumes()}

    def free(self) -> list[str]:
        """Ids of the volumes that no machine has."""
        return [volume for volume, machine in self.owners().items() if machine is None]

    def check(self) -> None:
        """Every machine has a volume of its own, of its region, as fly.toml says it."""
        rows = {each["id"]: each for each in self.world.volumes()}
        seen = set()
        for machine in self.world.machines():
            volume = rows[machine.mount["volume"]]
            assert (volume["name"], volume["region"], volume["size_gb"]) == (self.volume, machine.region, 3)
            assert volume["attached_machine_id"] == machine.id and machine.mount["path"] == "/data"
            seen.add(volume["id"])
        assert len(seen) == len(self.world.machines())

    def notes(self) -> list[str]:
        """What a person was told."""
        return [event.fields["line"] for event in self.events if event.name == "note"]


def changed(directory: Path, name: str) -> MountedWorld:
    """Three machines in two regions with a volume each; fly.toml mounts one of another name by now, or none ("")."""
    world = MountedWorld(directory)
    world.want(iad=1, fra=2)
    assert world.deploy(world.push("one")).kind == "done"
    world.check()
    world.mount(name)
    return world


class LostAnswers:
    """An HTTP that loses the answers to some calls, once they are carried out."""

    def __init__(self, inner: Any, lose: int) -> None:
        self._inner = inner
        self.lose = lose

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        answer: HttpAnswer = self._inner.send(method, url, headers=headers, json=json, timeout=timeout)
        if self.lose and method == "POST" and url.endswith("/volumes"):
            self.lose -= 1
            raise HttpError("timeout", "no answer")
        return answer
