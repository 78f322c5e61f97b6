"""Updating the machines that are there: one first, then the others of its group a few at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.create import create, destroy, wait_until_ready
from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.launch import Change
from flyctl_orchestrator.local.stand_in.deploy.leases import Leases
from flyctl_orchestrator.local.stand_in.deploy.pool import Cancelled, run_all
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.fleet import group_of, shown

_DEFAULT_SHARE = 0.33
_STOPPED_AT_ONCE = 30
_GROUPS_AT_ONCE = 16
_HOST_IS_FULL = ("could not reserve resource for machine", "deploys to this host are temporarily disabled")


def update_all(deployment: Deployment, changes: list[Change]) -> None:
    """Apply the changes with the deploy's strategy, every machine under a lease.

    Raises:
        Failure: a machine could not be updated or did not become healthy; the others of its group are left alone.
    """
    if not changes:
        return
    changes = sorted(changes, key=lambda change: str(change.machine["id"]))
    with Leases(deployment, (str(change.machine["id"]) for change in changes)) as leases:
        deployment.session.say(f"Updating existing machines in '{deployment.app}' with {deployment.strategy} strategy")
        steps = [_Step(deployment, leases, change, at, len(changes)) for at, change in enumerate(changes, 1)]
        if deployment.strategy == "immediate":
            tasks = [step.update_only for step in steps]
            run_all(tasks, deployment.options.max_concurrent, deployment.cancelled, go_on=True)
        else:
            _rolling(deployment, steps)


def _rolling(deployment: Deployment, steps: list[_Step]) -> None:
    pools: list[Callable[[], None]] = []
    for group in sorted({step.group for step in steps}):
        mine = [step for step in steps if step.group == group]
        awake = [step for step in mine if step.change.machine["state"] == "started"]
        asleep = [step for step in mine if step.change.machine["state"] != "started"]
        if awake:
            pools.append(lambda steps=awake: _pool(deployment, steps, width_of(deployment, len(steps))))  # type: ignore[misc]
        if asleep:
            pools.append(lambda steps=asleep: _pool(deployment, steps, _STOPPED_AT_ONCE))  # type: ignore[misc]
    run_all(pools, _GROUPS_AT_ONCE, deployment.cancelled)


def _pool(deployment: Deployment, steps: list[_Step], width: int) -> None:
    steps[0].update_and_wait()
    run_all([step.update_and_wait for step in steps[1:]], width, deployment.cancelled)


def width_of(deployment: Deployment, count: int) -> int:
    """How many of `count` machines may be changed at once, once the first one is healthy."""
    from_toml = deployment.settings.get("deploy", {}).get("max_unavailable")
    share = float(from_toml if from_toml is not None else _DEFAULT_SHARE)
    return int(share) if share >= 1 else math.ceil(count * share)


def host_is_full(failure: ApiFailure) -> bool:
    """Whether an update was refused because the machine's host has no room for it."""
    return any(text in failure.message for text in _HOST_IS_FULL)


class _Step:
    """One machine's turn."""

    def __init__(self, deployment: Deployment, leases: Leases, change: Change, at: int, of: int) -> None:
        self.change = change
        self._deployment = deployment
        self._leases = leases
        self._place = f"[{at}/{of}]"
        self._name = shown(change.machine)

    @property
    def group(self) -> str:
        """The machine's process group."""
        return group_of(self.change.machine)

    def update_only(self) -> None:
        """Update without waiting for anything."""
        self._told(lambda: self._tried(wait=False))

    def update_and_wait(self) -> None:
        """Update and wait until the machine is healthy; a sleeping one is only updated."""
        self._told(lambda: self._tried(wait=True))

    def _told(self, work: Callable[[], None]) -> None:
        say = self._deployment.session.say
        say(f"> {self._place} Updating {self._name}")
        try:
            work()
        except Cancelled:
            say(f"✖ {self._place} Machine {self._name} update canceled")
            raise
        except Failure as failure:
            say(f"✖ {self._place} Machine {self._name} update failed: {failure.message}")
            raise
        say(f"✔ {self._place} Machine {self._name} update succeeded")

    def _tried(self, *, wait: bool) -> None:
        for left in reversed(range(self._deployment.options.retries + 1)):
            try:
                machine_id = self._apply()
                break
            except ApiFailure:
                if not left:
                    raise
                self._deployment.session.sleep(0.5)
        if wait and not self.change.asleep:
            wait_until_ready(self._deployment, machine_id, self.change.body["config"])

    def _apply(self) -> str:
        """Update or replace; the id of the machine that is there now."""
        machine = self.change.machine
        if self.change.replace:
            return self._replace()
        path = f"/apps/{self._deployment.app}/machines/{machine['id']}"
        try:
            self._deployment.session.api.machines(
                "POST", path, self.change.body, nonce=self._leases.nonce(machine["id"])
            )
        except ApiFailure as failure:
            if host_is_full(failure) and not machine["config"].get("mounts"):
                return self._replace()
            raise failure.during(f"failed to update VM {machine['id']}") from failure
        return str(machine["id"])

    def _replace(self) -> str:
        old: dict[str, Any] = self.change.machine
        say = self._deployment.session.say
        say(f"> {self._place} Replacing {self._name} by new machine")
        destroy(self._deployment, old, self._leases.nonce(old["id"]))
        self._leases.forget(old["id"])
        return str(create(self._deployment, self.change.body)["id"])
