"""What survives a restart, seen from the store and on a virtual clock."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.core.machines import MachineRequest
from flyctl_orchestrator.local.core.model import App, Machine
from flyctl_orchestrator.local.core.store import SqliteStore
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import Behaviour, SimulatedImages, SimulatedRuntime

IMAGE = "registry.fly.io/shop:one"


class Life:
    """One daemon's life over a store that outlives it."""

    def __init__(self, path: Path, behaviour: Behaviour | None = None) -> None:
        self.clock = VirtualClock()
        images = SimulatedImages()
        images.push(IMAGE, behaviour)
        self.runtime = SimulatedRuntime(self.clock, images)
        self.store = SqliteStore(path)
        self.platform = Platform(
            clock=self.clock,
            random=Random(7),
            images=images,
            runtime=self.runtime,
            prober=self.runtime,
            ports=self.runtime,
            store=self.store,
            token="t",
        )
        self.platform.restore()

    def machine(self, **config: object) -> Machine:
        """A machine of the app "shop", created now."""
        if "shop" not in {app.name for app in self.platform.apps.list()}:
            self.platform.apps.create("shop")
        return self.platform.machines.create("shop", MachineRequest({"image": IMAGE, **config}, region="iad"))

    def end(self) -> None:
        """The daemon is gone; what it flushed stays."""
        self.platform.flush()
        self.store.close()


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    first = Life(tmp_path / "db")
    machine = first.machine(metadata={"a": "1"}, services=[{"internal_port": 80}])
    first.clock.advance(5)
    platform = first.platform
    platform.leases.acquire(machine, ttl=500, nonce="", owner="me", description="why")
    platform.secrets.change("shop", {"KEY": "value"})
    platform.releases.create("shop", definition={"app": "shop"}, image_ref=IMAGE, user="me")
    platform.releases.create("shop", definition=None, image_ref=IMAGE)
    platform.addresses.allocate("shop", "v6")
    volume = platform.volumes.create("shop", {"name": "data", "region": "iad"})
    platform.volumes.snapshot("shop", volume.id)
    token = platform.tokens.create("deploy", app="shop")
    first.end()

    second = Life(tmp_path / "db").platform
    found = second.machines.get("shop", machine.id)
    assert (found.config, found.instance_id, found.private_ip) == (
        machine.config,
        machine.instance_id,
        machine.private_ip,
    )
    assert [event.type for event in reversed(found.events)][:2] == ["launch", "start"]
    assert found.lease is not None and found.lease.description == "why"
    assert second.secrets.values("shop") == {"KEY": "value"}
    assert [release.version for release in second.releases.list("shop")] == [2, 1]
    assert second.releases.list("shop")[1].definition == {"app": "shop"}
    assert second.volumes.list("shop") == platform.volumes.list("shop")
    assert second.addresses.list("shop") == platform.addresses.list("shop")
    assert second.tokens.authenticate(f"Bearer {token.token}") == token
    assert second.apps.get("shop").secrets_version == 1


@pytest.mark.parametrize(
    ("until", "expected"),
    [("created", "stopped"), ("starting", "started"), ("started", "started"), ("suspended", "stopped")],
)
def test_machines_come_back_in_a_state_that_is_true(tmp_path: Path, until: str, expected: str) -> None:
    first = Life(tmp_path / "db")
    machine = first.machine()
    if until != "created":
        first.clock.advance(0.1 if until == "starting" else 5)
    if until == "suspended":
        first.platform.lifecycle.suspend(machine)
    assert machine.state == until
    first.end()
    second = Life(tmp_path / "db")
    second.clock.advance(10)
    assert second.platform.machines.get("shop", machine.id).state == expected


def test_a_one_off_machine_is_not_run_twice(tmp_path: Path) -> None:
    first = Life(tmp_path / "db", Behaviour(exit_after_seconds=100))
    machine = first.machine(auto_destroy=True)
    first.clock.advance(5)
    first.end()
    found = Life(tmp_path / "db").platform.machines.get("shop", machine.id)
    assert found.state == "destroyed"
    exit_event = next(event for event in found.events if event.type == "exit")
    assert exit_event.request is not None and exit_event.request["exit_event"]["exit_code"] == 137


def test_what_was_being_destroyed_is_destroyed_and_gives_its_volume_back(tmp_path: Path) -> None:
    first = Life(tmp_path / "db")
    first.platform.apps.create("shop")
    volume = first.platform.volumes.create("shop", {"name": "data", "region": "iad"})
    machine = first.machine(mounts=[{"volume": volume.id, "path": "/data"}])
    first.clock.advance(5)
    first.platform.lifecycle.destroy(machine, force=True)
    assert machine.state == "destroying"
    first.end()
    second = Life(tmp_path / "db").platform
    assert second.machines.get("shop", machine.id).state == "destroyed"
    assert second.volumes.get("shop", volume.id).attached_machine_id is None


def test_an_app_that_was_destroyed_leaves_no_record(tmp_path: Path) -> None:
    first = Life(tmp_path / "db")
    first.machine()
    first.platform.secrets.change("shop", {"A": "1"})
    first.clock.advance(5)
    first.platform.destroy_app("shop")
    first.clock.advance(30)
    first.end()
    rows = sqlite3.connect(tmp_path / "db").execute("SELECT kind, key FROM records").fetchall()
    assert rows == []


def test_a_full_disk_is_said_and_nothing_in_memory_is_lost(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "db")
    store._connection.execute("PRAGMA max_page_count = 4")
    store.put("app", "big", App("a" * 100_000, "id", 1, 0.0))
    with pytest.raises(PlatformError) as caught:
        store.flush()
    assert caught.value.status == 507 and "cannot write its state" in caught.value.error
    store._connection.execute("PRAGMA max_page_count = 1000")
    store.flush()
    assert len(store.load("app")[0]["name"]) == 100_000


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "db").close()
    sqlite3.connect(tmp_path / "db").execute("PRAGMA user_version = 99").connection.commit()
    with pytest.raises(sqlite3.DatabaseError, match="another version"):
        SqliteStore(tmp_path / "db")


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "db").close()
    assert (tmp_path / "db").stat().st_mode & 0o777 == 0o600


def test_checks_alone_write_nothing(tmp_path: Path) -> None:
    life = Life(tmp_path / "db")
    life.machine(services=[{"internal_port": 80, "checks": [{"type": "tcp", "interval": "1s"}]}])
    life.clock.advance(10)
    life.platform.flush()
    before = (tmp_path / "db-wal").stat().st_mtime_ns
    life.clock.advance(600)
    life.platform.flush()
    assert (tmp_path / "db-wal").stat().st_mtime_ns == before
