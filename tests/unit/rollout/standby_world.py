"""A process group without services and a standby machine for its first one, on the simulated platform."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.recovery.going_back import decide_return, roll_back
from tests.unit.rollout.rollout_world import APP
from tests.unit.rollout.volumes.mounted_world import MountedWorld

FLY_TOML = """
app = "shop"
primary_region = "iad"
[processes]
worker = "work"
"""
REGIONS = ("iad", "fra")


class StandbyWorld(MountedWorld):
    """One worker in each of two regions, and in the first one another that stands in for it, as flyctl makes them.

    Args:
        mounts: name of the volume that each of them has from the beginning, "" for none.
    """

    fly_toml = FLY_TOML

    def __init__(self, directory: Path, *, mounts: str = "", strategy: str = "in-place") -> None:
        super().__init__(directory)
        self.strategy = strategy
        self.world.groups = ("worker",)
        self.mount("")
        self.want(**dict.fromkeys(REGIONS, 1))
        assert self.deploy(self.push("zero")).kind == "done"
        self._add_standby()
        self.world.pass_time(60)
        if mounts:
            self.mount(mounts)
            self.make(*REGIONS, "iad")
        assert self.deploy(self.push("one")).kind == "done"
        self.world.flyctl.runs.clear()
        self.world.pass_time(60)

    def _add_standby(self) -> None:
        main = self.main("iad")
        config = copy.deepcopy(dict(main.config)) | {"standbys": [main.id]}
        config["env"] |= {"FLY_STANDBY_FOR": main.id}
        known = ("fly_platform_version", "fly_process_group")
        config["metadata"] = {key: main.metadata[key] for key in known}
        self.world.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": "iad", "skip_launch": True})
        self.world.pass_time(1)

    def push(self, label: str) -> PlannedImage:
        """An image whose program ends at once where something is to be ill."""
        return self.world.push(label, Behaviour(exit_after_seconds=1.0) if self.sick else Behaviour())

    def plan(self, image: PlannedImage, *without: str) -> Plan:
        """`flyo plan --image … [--exclude-machines …]`."""
        work = replace(self.work(), part=Part(without=without))
        return work.plan(work.observe(), image)

    def deploy_without(self, image: PlannedImage, name: str) -> Outcome:
        """`flyo deploy --image … --exclude-machines …`."""
        work = self.work()
        return work.run(self.plan(image, name), work.observe())

    def roll_back(self) -> Outcome:
        """`flyo rollback`, a minute later."""
        self.world.pass_time(60)
        work = self.work()
        return roll_back(work, decide_return(work, None))

    # --- what is there

    def main(self, region: str) -> Machine:
        """The worker of a region."""
        (found,) = (machine for machine in self.world.in_region(region) if not machine.standbys)
        return found

    def standby(self) -> Machine:
        """The one that stands in for another."""
        (found,) = (machine for machine in self.world.machines() if machine.standbys)
        return found

    def check(self) -> None:
        """All three have what fly.toml says; the standby rests and names the machine that is there."""
        main, standby = self.main("iad"), self.standby()
        assert standby.standbys == (main.id,) and standby.config["env"]["FLY_STANDBY_FOR"] == main.id
        assert standby.state == "stopped" and not any(event.type == "start" for event in standby.events)
        assert len(self.world.machines()) == 3
        assert not any(machine.cordoned for machine in self.world.machines())
        names = {str(machine.mount.get("name") or "") for machine in self.world.machines()}
        assert names == {self.volume}
        volumes = [machine.mount["volume"] for machine in self.world.machines() if machine.mounts]
        assert len(set(volumes)) == len(volumes)
