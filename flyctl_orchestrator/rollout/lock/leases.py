"""The leases of lock machines that one command holds, and what it writes on these machines."""

from __future__ import annotations

from collections.abc import Iterable

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.resources import Lease
from flyctl_orchestrator.rollout.lock.computer import ComputerLock, description_of
from flyctl_orchestrator.rollout.lock.times import HURRY, LEASE
from flyctl_orchestrator.rollout.state.lock_record import HOLDER, LockRecord, lease_digest, record_in


class Leases:
    """Machine -> nonce, kept on this computer's disk as well.

    Args:
        holder: id of whoever holds them.
    """

    def __init__(self, api: MachinesApi, app: str, holder: str, computer: ComputerLock) -> None:
        self._api = api
        self._quick = api.hurried(HURRY)
        self._app = app
        self._description = description_of(holder)
        self._computer = computer
        self.nonces: dict[str, str] = {}

    def take(self, machine_id: str, *, hurry: bool = False) -> Lease:
        """Take one more.

        Raises:
            ApiError: kind conflict when somebody else has it.
        """
        api = self._quick if hurry else self._api
        lease = api.acquire_lease(self._app, machine_id, LEASE, self._description)
        self._keep(machine_id, lease.nonce)
        return lease

    def renew(self, machine_id: str) -> bool:
        """Keep one for longer; says whether it was ours all the time, and had not ended in between.

        Raises:
            ApiError: as for `take`.
        """
        nonce = self.nonces[machine_id]
        try:
            lease = self._quick.acquire_lease(self._app, machine_id, LEASE, self._description, nonce)
        except ApiError as error:
            if error.kind == "conflict":
                return self._renew_unheard(machine_id, error)
            if error.kind not in ("invalid", "precondition"):
                raise
            # The nonce of a lease that has ended is refused here, and taken for none elsewhere.
            lease = self._quick.acquire_lease(self._app, machine_id, LEASE, self._description)
        if lease.nonce in (nonce, ""):
            return True
        self._keep(machine_id, lease.nonce)
        return False

    def _renew_unheard(self, machine_id: str, refusal: ApiError) -> bool:
        """Renew a lease that we have taken anew without hearing of it; raise `refusal` if it is another's."""
        found = self._quick.find_lease(self._app, machine_id)
        if found is None or not found.nonce or found.description != self._description:
            raise refusal
        lease = self._quick.acquire_lease(self._app, machine_id, LEASE, self._description, found.nonce)
        self._keep(machine_id, lease.nonce or found.nonce)
        return False

    def forget(self, machine_ids: Iterable[str]) -> None:
        """These do not count any more."""
        for id in machine_ids:
            self.nonces.pop(id, None)
        self._computer.note(self.nonces.values())

    def drop(self, machine_id: str) -> None:
        """Give one back; when that does not work, it ends by itself."""
        try:
            self._quick.release_lease(self._app, machine_id, self.nonces.pop(machine_id))
        except ApiError:
            pass

    def give_back(self) -> None:
        """Give all of them back, as far as the platform can be reached; the others end by themselves.

        Silence may be one machine's host, so the next one is tried; of a second one it is the platform's.
        """
        silent = 0
        for id, nonce in self.nonces.items():
            try:
                self._quick.release_lease(self._app, id, nonce)
                silent = 0
            except ApiError as error:
                silent += error.status is None
                if error.kind == "network" or silent > 1:
                    return

    def write(self, machine_id: str, key: str, value: str) -> None:
        """Write metadata on a machine whose lease is held."""
        self._api.set_metadata(self._app, machine_id, key, value, self.nonces.get(machine_id))

    def write_holder(self, machine_id: str, record: LockRecord) -> None:
        """Write there who holds the lock."""
        self.write(machine_id, HOLDER, record.as_value())

    def erase_holder(self, machine_id: str) -> None:
        """Erase who holds the lock; what cannot be erased means nothing once the lease has ended."""
        try:
            self._quick.delete_metadata(self._app, machine_id, HOLDER, self.nonces.get(machine_id))
        except ApiError:
            pass

    def holder_on(self, machine_id: str) -> LockRecord | None:
        """Who holds the lock by what is written on a machine now."""
        return record_in(self._api.get_metadata(self._app, machine_id))

    def kept_by(self, record: LockRecord, machine_id: str) -> bool:
        """Whether whoever a lock machine names still keeps its lease."""
        lease = self._quick.find_lease(self._app, machine_id)
        return lease is not None and record.lease == lease_digest(lease.nonce)

    def digest(self, machine_id: str) -> str:
        """What `LockRecord.lease` has to be while this lease is held."""
        return lease_digest(self.nonces[machine_id])

    def _keep(self, machine_id: str, nonce: str) -> None:
        self.nonces[machine_id] = nonce
        self._computer.note(self.nonces.values())
