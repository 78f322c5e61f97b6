"""`deploy --image REF` in steps that never wait, for a platform whose clock somebody else moves.

The same changes, in the same order and under the same leases as the command makes them; only what the command waits
for is looked at again and again by whoever drives the steps. Release commands are not run: nothing runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.command import prepared
from flyctl_orchestrator.local.stand_in.deploy.create import destroy
from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.launch import Change, new_machine, updated
from flyctl_orchestrator.local.stand_in.deploy.release import begin_release, finish_release
from flyctl_orchestrator.local.stand_in.deploy.update import host_is_full, width_of
from flyctl_orchestrator.local.stand_in.failures import MISUNDERSTOOD, ApiFailure, Failure, misunderstood
from flyctl_orchestrator.local.stand_in.fleet import group_of, shown
from flyctl_orchestrator.local.stand_in.session import Session

LEASE_PATIENCE_SECONDS = 60.0
Machine = dict[str, Any]


@dataclass
class _Changing:
    """One machine that was changed, until it is healthy; `until` is when that has taken too long."""

    group: str
    machine_id: str
    name: str
    until: float


class SteppedDeploy:
    """One deploy.

    Attributes:
        status: the exit status, None while it is not over.
    """

    def __init__(self, session: Session) -> None:
        self.status: int | None = None
        self._session = session
        self._deployment: Deployment | None = None
        self._unleased: list[str] = []
        self._lease_until = 0.0
        self._nonces: dict[str, str] = {}
        self._waiting: list[Change] = []
        self._changing: list[_Changing] = []
        self._healthy: set[str] = set()

    def begin(self) -> None:
        """Everything before the first machine is changed."""
        self._guarded(self._begin)

    def step(self) -> None:
        """Look at what was changed, and change what is next."""
        if self.status is None:
            self._guarded(self._step)

    def interrupt(self) -> None:
        """As SIGINT: the release is interrupted, and the leases end by themselves."""
        if self.status is None and self._deployment is not None:
            finish_release(self._deployment, "interrupted", "")
        self.status = 127 if self.status is None else self.status

    def keep_leases(self) -> None:
        """Hold on to the machines for longer; to be called every few seconds."""
        for machine_id, nonce in list(self._nonces.items()):
            try:
                self._lease(machine_id, "POST", nonce)
            except ApiFailure:
                # The next call about the machine will say what is wrong with its lease.
                continue

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (Failure, *MISUNDERSTOOD) as problem:
            failure = problem if isinstance(problem, Failure) else misunderstood(problem)
            if self._deployment is not None:
                finish_release(self._deployment, "failed", failure.message)
            self._give_leases_back()
            self._session.tell(f"Error: {failure.message}")
            self.status = 1

    def _begin(self) -> None:
        deployment = self._deployment = prepared(self._session)
        begin_release(deployment)
        if deployment.settings.get("deploy", {}).get("release_command"):
            self._session.tell("WARN the release command is not run here")
        self._match_groups(deployment)
        changes = [updated(deployment, machine) for machine in deployment.machines]
        self._waiting = sorted(changes, key=lambda change: str(change.machine["id"]))
        self._unleased = [str(change.machine["id"]) for change in self._waiting]
        self._lease_until = self._session.now() + LEASE_PATIENCE_SECONDS
        self._step()

    def _take_leases(self) -> None:
        while self._unleased:
            machine_id = self._unleased[0]
            try:
                self._nonces[machine_id] = str(self._lease(machine_id, "POST")["data"]["nonce"])
            except ApiFailure:
                if self._session.now() >= self._lease_until:
                    raise
                return
            del self._unleased[0]

    def _match_groups(self, deployment: Deployment) -> None:
        for machine in [one for one in deployment.machines if group_of(one) not in deployment.groups]:
            destroy(deployment, machine)
            deployment.machines.remove(machine)
        present = {group_of(machine) for machine in deployment.machines}
        for group in deployment.groups if not deployment.options.update_only else ():
            if group not in present:
                self._create(deployment, group)

    def _create(self, deployment: Deployment, group: str) -> None:
        self._launch(deployment, group, new_machine(deployment, group))

    def _launch(self, deployment: Deployment, group: str, body: dict[str, Any]) -> None:
        path = f"/apps/{deployment.app}/machines"
        try:
            machine: Machine = self._session.api.machines("POST", path, body)
        except ApiFailure as failure:
            raise failure.during("error creating a new machine: failed to launch VM") from failure
        self._session.say(f"> Machine {shown(machine)} was created")
        self._watch(deployment, group, machine)

    def _watch(self, deployment: Deployment, group: str, machine: Machine) -> None:
        until = self._session.now() + 2 * deployment.wait_timeout
        self._changing.append(_Changing(group, str(machine["id"]), shown(machine), until))

    def _step(self) -> None:
        deployment = self._deployment
        assert deployment is not None
        self._take_leases()
        if self._unleased:
            return
        for one in list(self._changing):
            if self._is_healthy(deployment, one):
                self._changing.remove(one)
                self._healthy.add(one.group)
                self._session.say(f"✔ Machine {one.name} update succeeded")
            elif self._session.now() >= one.until:
                raise Failure(f"timeout reached waiting for health checks to pass for machine {one.machine_id}")
        for change in list(self._waiting):
            if self._has_room(deployment, group_of(change.machine)):
                self._waiting.remove(change)
                self._update(deployment, change)
        if not self._waiting and not self._changing:
            finish_release(deployment, "complete", "")
            self._give_leases_back()
            self.status = 0

    def _has_room(self, deployment: Deployment, group: str) -> bool:
        """One machine of a group first, then as many at once as may be away."""
        under_way = sum(one.group == group for one in self._changing)
        size = sum(group_of(machine) == group for machine in deployment.machines)
        return under_way < (width_of(deployment, size) if group in self._healthy else 1)

    def _update(self, deployment: Deployment, change: Change) -> None:
        machine = change.machine
        machine_id = str(machine["id"])
        self._session.say(f"> Updating {shown(machine)}")
        path, nonce = f"/apps/{deployment.app}/machines/{machine_id}", self._nonces.get(machine_id, "")
        if change.replace:
            self._replace(deployment, change, nonce)
            return
        try:
            self._session.api.machines("POST", path, change.body, nonce=nonce)
        except ApiFailure as failure:
            if host_is_full(failure) and not machine["config"].get("mounts"):
                self._replace(deployment, change, nonce)
                return
            raise failure.during(f"failed to update VM {machine_id}") from failure
        if change.asleep:
            self._healthy.add(group_of(machine))
        else:
            self._watch(deployment, group_of(machine), machine)

    def _replace(self, deployment: Deployment, change: Change, nonce: str) -> None:
        destroy(deployment, change.machine, nonce)
        self._nonces.pop(str(change.machine["id"]), None)
        self._launch(deployment, group_of(change.machine), change.body)

    def _is_healthy(self, deployment: Deployment, one: _Changing) -> bool:
        found: Machine = self._session.api.machines("GET", f"/apps/{deployment.app}/machines/{one.machine_id}")
        if found["state"] == "destroyed":
            raise Failure(f"failed to wait for VM {one.machine_id} in started state: it is gone")
        checks = found.get("checks") or []
        return bool(found["state"] == "started" and all(check.get("status") == "passing" for check in checks))

    def _lease(self, machine_id: str, method: str, nonce: str = "") -> Any:
        assert self._deployment is not None
        query = f"?ttl={int(self._deployment.options.lease_timeout)}" if method == "POST" else ""
        path = f"/apps/{self._deployment.app}/machines/{machine_id}/lease{query}"
        try:
            return self._session.api.machines(method, path, nonce=nonce)
        except ApiFailure as failure:
            raise failure.during(f"failed to get lease on VM {machine_id}") from failure

    def _give_leases_back(self) -> None:
        for machine_id, nonce in list(self._nonces.items()):
            self._nonces.pop(machine_id, None)
            try:
                self._lease(machine_id, "DELETE", nonce)
            except ApiFailure:
                self._session.tell(f"WARN failed to release lease for machine {machine_id}")
