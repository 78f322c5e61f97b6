"""An app whose lock several people want."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, records_on
from tests.unit.rollout.rollout_world import APP, World

PATH = f"/v1/apps/{APP}/machines"


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

    def locker(self, name: str, computer: str | None = None) -> Locker:
        path = self.tmp_path / (computer or name) / "app.lock"
        lock = ComputerLock(path)
        world = self.world
        return Locker(
            world.api,
            APP,
            world.clock,
            world.observe,
            lock,
            tell=lambda event, **facts: self.told.append((event, facts)),
        )

    def take(self, name: str, *, how: Any = "rollout", wait: float = 0.0, expires: float | None = None) -> Held:
        locker = self.locker(name)
        record = LockRecord(name, f"{name}@test", "flyo deploy", how, 0.0, expires)
        held, _ = locker.take(record, self.world.observe(), wait=wait)
        locker.confirm(held, self.world.observe())
        return held

    def carriers(self) -> dict[str, list[str]]:
        """Machine -> names of the holders it carries."""
        return {
            body["id"]: [each.who for each in records_on(body["config"]["metadata"])] for body in self.world.bodies()
        }

    def written(self) -> set[str]:
        return {who for holders in self.carriers().values() for who in holders}

    def forget(self, machine_id: str, key: str) -> None:
        self.world.call("DELETE", f"{PATH}/{machine_id}/metadata/{key}")
