"""Takes up the records of an earlier daemon: what ran is booted again, what was frozen has lost its snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.local.model import (
    App,
    Event,
    IpAssignment,
    Lease,
    Machine,
    MachineVersion,
    Release,
    Secret,
    State,
    Token,
    Volume,
    VolumeSnapshot,
)
from flyctl_orchestrator.local.restarts import exit_event
from flyctl_orchestrator.local.runtime.base import ExitInfo

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform

_RAN = ("started", "starting", "restarting", "replacing", "suspending")
_AT_REST: dict[str, State] = {"stopping": "stopped", "suspended": "stopped", "created": "stopped"}


class Restore:
    """One taking up."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._kernel = platform.kernel

    def run(self) -> None:
        """Load everything, then bring the machines into states that are true."""
        adopters: dict[str, Callable[[dict[str, Any]], None]] = {
            "app": self._app,
            "secret": lambda document: self._platform.secrets.adopt(Secret(**document)),
            "release": lambda document: self._platform.releases.adopt(Release(**document)),
            "volume": lambda document: self._platform.volumes.adopt(volume_of(document)),
            "ip": lambda document: self._platform.addresses.adopt(IpAssignment(**document)),
            "token": lambda document: self._platform.tokens.adopt(Token(**document)),
            "machine": lambda document: self._kernel.adopt(machine_of(document)),
        }
        for kind, adopt in adopters.items():
            for document in self._kernel.store.load(kind):
                adopt(document)
        for machine in list(self._kernel.machines.values()):
            self._settle(machine)

    def _app(self, document: dict[str, Any]) -> None:
        app = App(**document)
        self._kernel.apps[app.name] = app

    def _settle(self, machine: Machine) -> None:
        self._platform.health.idle(machine)
        before = machine.state
        if before in ("destroyed", "stopped", "failed"):
            return
        if before == "destroying":
            self._bury(machine)
            return
        if before == "suspended":
            self._kernel.event(machine, "stop", "stopped", "flyd")
            self._kernel.say(machine, "the platform restarted: the snapshot is lost, the machine is stopped", "warning")
        machine.snapshot_valid = False
        if before in _RAN and not machine.config.get("auto_destroy"):
            self._boot_again(machine)
        elif before in _RAN:
            self._was_cut_short(machine)
        else:
            machine.state = _AT_REST.get(before, "stopped")
            self._kernel.changed(machine)

    def _boot_again(self, machine: Machine) -> None:
        self._kernel.say(machine, "the platform restarted: booting the machine again", "warning")
        machine.state = "stopped"
        self._platform.lifecycle.start(machine, source="flyd")

    def _was_cut_short(self, machine: Machine) -> None:
        now = self._kernel.clock.now()
        killed = ExitInfo(137, 9, requested=False)
        self._kernel.event(machine, "exit", "stopped", "flyd", exit_event(machine, killed, False, False, now))
        self._kernel.say(machine, "the platform restarted while this one-off machine ran: it is not run again", "error")
        self._bury(machine)

    def _bury(self, machine: Machine) -> None:
        machine.state = "destroyed"
        machine.destroyed_at = self._kernel.clock.now()
        self._kernel.event(machine, "destroy", "destroyed", "flyd")
        self._platform.machines.buried(machine)
        self._kernel.changed(machine)


def machine_of(document: dict[str, Any]) -> Machine:
    """A machine from its document."""
    lease = document.get("lease")
    return Machine(
        **{
            **document,
            "events": [Event(**event) for event in document["events"]],
            "versions": [MachineVersion(**version) for version in document["versions"]],
            "lease": Lease(**lease) if lease else None,
        }
    )


def volume_of(document: dict[str, Any]) -> Volume:
    """A volume from its document."""
    return Volume(**{**document, "snapshots": [VolumeSnapshot(**one) for one in document["snapshots"]]})
