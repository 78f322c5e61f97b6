"""host-down: a host dies with all that runs on it, and comes back empty."""

from __future__ import annotations

from collections.abc import Callable

from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.health import Health
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.lifecycle import Lifecycle
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import Runtime

_RAN = ("created", "starting", "started", "restarting", "replacing", "suspending")


class Hosts:
    """Kills machines when a host dies, and boots them when it is back."""

    def __init__(self, kernel: Kernel, runtime: Runtime, health: Health, lifecycle: Lifecycle) -> None:
        self._kernel = kernel
        self._runtime = runtime
        self._health = health
        self._lifecycle = lifecycle
        kernel.faults.begun.append(self._begun)
        kernel.faults.ended.append(self._ended)

    def _begun(self, fault: Fault) -> None:
        if fault.name == "host-down":
            doomed = self._on_host(fault)
            fault.lost = frozenset(machine.id for machine in doomed)
            for machine in doomed:
                self._kill(machine)
        self._kernel.feed.changed()

    def _on_host(self, fault: Fault) -> list[Machine]:
        found = [one for one in self._kernel.machines.values() if one.alive and fault.reaches(Place.of(one))]
        if fault.machine or not found:
            return found
        host = min(found, key=lambda machine: machine.created_at).host
        return [machine for machine in found if machine.host == host]

    def _kill(self, machine: Machine) -> None:
        machine.boot += 1  # nobody is there to tell how its process ended
        machine.snapshot_valid = False
        self._health.pause(machine)
        self._runtime.stop(machine.id, "SIGKILL", 0.0, _nothing)

    def _ended(self, fault: Fault) -> None:
        for machine_id in fault.lost:
            machine = self._kernel.machines.get(machine_id)
            if machine is not None and machine.state in _RAN:
                self._kernel.say(machine, "the host is back: booting the machine again", "warning")
                machine.state = "stopped"
                self._lifecycle.start(machine, source="flyd")
        self._kernel.feed.changed()


_nothing: Callable[[], None] = lambda: None  # noqa: E731
