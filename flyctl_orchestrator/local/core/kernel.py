"""What every service of the platform shares: the records, and how a change is recorded and told."""

from __future__ import annotations

from random import Random
from typing import Any

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.base.errors import not_found
from flyctl_orchestrator.local.base.feed import Feed
from flyctl_orchestrator.local.base.identifiers import Identifiers
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.core.fault_board import FaultBoard
from flyctl_orchestrator.local.core.logs import Logs
from flyctl_orchestrator.local.core.model import EVENTS_KEPT, App, Event, Machine
from flyctl_orchestrator.local.core.store import Store


class Kernel:
    """Records and bookkeeping. Everything runs on one thread.

    Attributes:
        apps: by name.
        machines: by id, destroyed ones included for a while.
        by_app: ids of each app's machines, in the order they were created.
        name: of the platform; its private networks are told from others' by it.
    """

    def __init__(self, *, clock: Clock, random: Random, settings: Settings, store: Store, logs: Logs) -> None:
        self.clock = clock
        self.name = ""
        self.random = random
        self.ids = Identifiers(random)
        self.settings = settings
        self.store = store
        self.logs = logs
        self.feed = Feed()
        self.faults = FaultBoard(clock, random)
        self.apps: dict[str, App] = {}
        self.machines: dict[str, Machine] = {}
        self.by_app: dict[str, dict[str, None]] = {}

    def app(self, name: str) -> App:
        """An app by name.

        Raises:
            PlatformError: 404.
        """
        app = self.apps.get(name)
        if app is None:
            raise not_found(f"Could not find App {name!r}")
        return app

    def machine(self, app: str, machine_id: str) -> Machine:
        """A machine of an app, destroyed ones included while they are remembered.

        Raises:
            PlatformError: 404 for an unknown app or machine.
        """
        self.app(app)
        machine = self.machines.get(machine_id)
        if machine is None or machine.app != app:
            raise not_found(f"machine not found: {machine_id}")
        return machine

    def machines_of(self, app: str) -> list[Machine]:
        """An app's machines in the order they were created, destroyed ones included."""
        return [self.machines[machine_id] for machine_id in self.by_app.get(app, ())]

    def adopt(self, machine: Machine) -> None:
        """Take a machine into the records."""
        self.machines[machine.id] = machine
        self.by_app.setdefault(machine.app, {})[machine.id] = None

    def drop(self, machine: Machine) -> None:
        """Forget a machine altogether."""
        self.machines.pop(machine.id, None)
        self.by_app.get(machine.app, {}).pop(machine.id, None)
        self.store.delete("machine", machine.id)

    def changed(self, machine: Machine, *, durable: bool = True) -> None:
        """A machine changed: keep it, and tell those who wait. `durable` False for checks and the like."""
        if durable and machine.id in self.machines:
            machine.updated_at = self.clock.now()
            self.store.put("machine", machine.id, machine)
        self.feed.changed()

    def event(
        self, machine: Machine, type: str, status: str, source: str, request: dict[str, Any] | None = None
    ) -> None:
        """Put an event at the head of a machine's list. The caller reports the change."""
        now = self.clock.now()
        machine.events.insert(0, Event(self.ids.ulid(now), type, status, source, int(now * 1000), request))
        del machine.events[EVENTS_KEPT:]

    def say(self, machine: Machine, message: str, level: str = "info") -> None:
        """Write a line of the platform itself into the machine's log."""
        if machine.id in self.machines:
            self.logs.write(
                machine.app, message, machine=machine.id, region=machine.region, level=level, source="system"
            )
