"""Takes up the records of an earlier daemon: what ran is booted again, what was frozen has lost its snapshot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.core.addresses import Addresses
from flyctl_orchestrator.local.core.certificates.records import Certificate, Certificates
from flyctl_orchestrator.local.core.health import Health
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.lifecycle import Lifecycle
from flyctl_orchestrator.local.core.machines import Machines
from flyctl_orchestrator.local.core.model import (
    App,
    Event,
    FormerSecrets,
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
from flyctl_orchestrator.local.core.releases import Releases
from flyctl_orchestrator.local.core.restarts import exit_event
from flyctl_orchestrator.local.core.seams import ExitInfo
from flyctl_orchestrator.local.core.secrets import Secrets
from flyctl_orchestrator.local.core.tokens import Tokens
from flyctl_orchestrator.local.core.volumes import Volumes

_RAN = ("started", "starting", "restarting", "replacing", "suspending")
_AT_REST: dict[str, State] = {"stopping": "stopped", "suspended": "stopped", "created": "stopped"}


@dataclass(frozen=True)
class Restore:
    """One taking up: the records go to the services that keep them."""

    kernel: Kernel
    secrets: Secrets
    releases: Releases
    volumes: Volumes
    addresses: Addresses
    tokens: Tokens
    certificates: Certificates
    health: Health
    lifecycle: Lifecycle
    machines: Machines

    def run(self) -> None:
        """Load everything, then bring the machines into states that are true."""
        adopters: dict[str, Callable[[dict[str, Any]], None]] = {
            "app": self._app,
            "secret": lambda document: self.secrets.adopt(Secret(**document)),
            "former_secrets": lambda document: self.secrets.adopt_former(FormerSecrets(**document)),
            "release": lambda document: self.releases.adopt(Release(**document)),
            "volume": lambda document: self.volumes.adopt(volume_of(document)),
            "ip": lambda document: self.addresses.adopt(IpAssignment(**document)),
            "certificate": lambda document: self.certificates.adopt(Certificate(**document)),
            "token": lambda document: self.tokens.adopt(Token(**document)),
            "machine": lambda document: self.kernel.adopt(machine_of(document)),
        }
        for kind, adopt in adopters.items():
            for document in self.kernel.store.load(kind):
                self._adopt(kind, adopt, document)
        for machine in list(self.kernel.machines.values()):
            try:
                self._bring_up(machine)
            except Exception as problem:  # noqa: BLE001 - one record must not keep all others from coming back
                self._cannot_run(machine, problem)

    def _adopt(self, kind: str, adopt: Callable[[dict[str, Any]], None], document: dict[str, Any]) -> None:
        try:
            adopt(document)
        except Exception as problem:  # noqa: BLE001 - it may be of another version; the rest is still good
            # By its kind alone: a document may hold secrets.
            name = type(problem).__name__
            print(f"a stored {kind} cannot be read and is left where it is: {name}", file=sys.stderr)  # noqa: T201

    def _cannot_run(self, machine: Machine, problem: Exception) -> None:
        why = f"{type(problem).__name__}: {problem}"
        machine.state = "failed"
        self.kernel.say(machine, f"the platform restarted and cannot bring this machine up: {why}", "error")
        self.kernel.changed(machine)

    def _app(self, document: dict[str, Any]) -> None:
        app = App(**document)
        self.kernel.apps[app.name] = app

    def _bring_up(self, machine: Machine) -> None:
        self.health.idle(machine)
        before = machine.state
        if before in ("destroyed", "stopped", "failed"):
            return
        if before == "destroying":
            self._bury(machine)
            return
        if before == "suspended":
            self.kernel.event(machine, "stop", "stopped", "flyd")
            self.kernel.say(machine, "the platform restarted: the snapshot is lost, the machine is stopped", "warning")
        machine.snapshot_valid = False
        if before in _RAN and not machine.config.get("auto_destroy"):
            self._boot_again(machine)
        elif before in _RAN:
            self._was_cut_short(machine)
        else:
            machine.state = _AT_REST.get(before, "stopped")
            self.kernel.changed(machine)

    def _boot_again(self, machine: Machine) -> None:
        self.kernel.say(machine, "the platform restarted: booting the machine again", "warning")
        machine.state = "stopped"
        self.lifecycle.start(machine, source="flyd")

    def _was_cut_short(self, machine: Machine) -> None:
        now = self.kernel.clock.now()
        killed = ExitInfo(137, 9, requested=False)
        self.kernel.event(machine, "exit", "stopped", "flyd", exit_event(machine, killed, False, False, now))
        self.kernel.say(machine, "the platform restarted while this one-off machine ran: it is not run again", "error")
        self._bury(machine)

    def _bury(self, machine: Machine) -> None:
        machine.state = "destroyed"
        machine.destroyed_at = self.kernel.clock.now()
        self.kernel.event(machine, "destroy", "destroyed", "flyd")
        self.machines.buried(machine)
        self.kernel.changed(machine)


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
