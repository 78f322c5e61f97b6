"""Leases on the machines of a deploy: taken together, refreshed in the background, given back at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.failures import ApiFailure

_PATIENCE_SECONDS = 60.0
_RELEASE_SECONDS = 0.5


class Leases:
    """A context in which every given machine is leased.

    Raises:
        ApiFailure: on entering, when a lease could not be had within a minute.
    """

    def __init__(self, deployment: Deployment, machine_ids: Iterable[str]) -> None:
        self._deployment = deployment
        self._ids = list(machine_ids)
        self._nonces: dict[str, str] = {}
        self._ended = threading.Event()

    def nonce(self, machine_id: str) -> str:
        """The nonce to send with calls about the machine, or ""."""
        return self._nonces.get(machine_id, "")

    def forget(self, machine_id: str) -> None:
        """The machine is gone, and its lease with it."""
        self._nonces.pop(machine_id, None)

    def __enter__(self) -> Leases:
        try:
            for machine_id in self._ids:
                self._nonces[machine_id] = self._acquire(machine_id)
        except BaseException:
            self._release()
            raise
        threading.Thread(target=self._refresh, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._release()

    def _path(self, machine_id: str, ttl: bool = True) -> str:
        query = f"?ttl={int(self._deployment.options.lease_timeout)}" if ttl else ""
        return f"/apps/{self._deployment.app}/machines/{machine_id}/lease{query}"

    def _acquire(self, machine_id: str) -> str:
        session = self._deployment.session
        until = session.now() + _PATIENCE_SECONDS
        while True:
            try:
                return str(session.api.machines("POST", self._path(machine_id))["data"]["nonce"])
            except ApiFailure as failure:
                if session.now() >= until:
                    raise failure.during(f"failed to get lease on VM {machine_id}") from failure
            session.sleep(0.3)

    def _refresh(self) -> None:
        every = max((self._deployment.options.lease_timeout - 1) / 3, 0.5)
        while not self._ended.wait(every):
            for machine_id, nonce in list(self._nonces.items()):
                try:
                    self._deployment.session.api.machines("POST", self._path(machine_id), nonce=nonce)
                except ApiFailure:
                    # The next call about the machine will say what is wrong with its lease.
                    continue

    def _release(self) -> None:
        for machine_id, nonce in list(self._nonces.items()):
            self._nonces.pop(machine_id, None)
            try:
                self._deployment.session.api.machines(
                    "DELETE", self._path(machine_id, ttl=False), nonce=nonce, seconds=_RELEASE_SECONDS
                )
            except ApiFailure as failure:
                if failure.status != 404:
                    self._deployment.session.tell(
                        f"WARN failed to release lease for machine {machine_id}: {failure.message}"
                    )
