"""An app whose lock several people want."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flyctl_orchestrator.rollout.lock.by_hand import Holder, holders, take_by_hand
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import HOLDER, MARK, LockRecord
from tests.unit.rollout.rollout_world import APP, World

PATH = f"/v1/apps/{APP}/machines"
REGIONS = ("iad", "fra", "nrt")


class Hall:
    """An app with machines, and people who want its lock, each at a computer of their own."""

    def __init__(self, world: World, tmp_path: Path) -> None:
        self.world = world
        self.tmp_path = tmp_path
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.image = world.push("one")

    def create(self, *regions: str) -> list[str]:
        assert self.image.ref is not None
        return [self.world.flyctl_create("app", self.image.ref, region) for region in regions]

    def locker(self, computer: str) -> Locker:
        lock = ComputerLock(self.tmp_path / computer / "app.lock")
        world = self.world
        return Locker(
            world.api, APP, world.clock, lock, REGIONS, tell=lambda event, **facts: self.told.append((event, facts))
        )

    def take(self, name: str, *, wait: float = 0.0, computer: str | None = None, image: str | None = None) -> Held:
        locker = self.locker(computer or name)
        record = LockRecord(name, f"{name}@test", "flyo deploy", "rollout")
        until = self.world.clock.monotonic() + wait
        locker.take_here(record, until)
        try:
            held = locker.take_there(record, until, image)
        except BaseException:
            locker.computer.release()
            raise
        assert held is not None
        return held

    def by_hand(self, name: str, *, lasts: float | None = None) -> LockRecord:
        return take_by_hand(self.locker(name), LockRecord(name, f"{name}@test", "moving", "hand"), lasts)

    def holders(self) -> list[Holder]:
        return holders(self.world.api, APP)

    def names(self) -> list[str]:
        return [each.record.who for each in self.holders()]

    def lock_machines(self) -> list[dict[str, Any]]:
        """As the API shows them, lowest id first."""
        found = [body for body in self.world.bodies() if MARK in body["config"].get("metadata", {})]
        return sorted(found, key=lambda body: str(body["id"]))

    def written(self) -> list[str]:
        """What stands on lock machines about holders."""
        return [
            body["config"]["metadata"][HOLDER] for body in self.lock_machines() if HOLDER in body["config"]["metadata"]
        ]

    def fault(self, name: str, **settings: Any) -> None:
        self.world.call("POST", "/_local/faults", {"name": name, **settings})
