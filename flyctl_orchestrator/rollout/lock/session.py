"""The lock of one command: taken with its first reading of the fleet, kept by a thread, given back at its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locked, Locker
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.observe import Fleet


class LockSession:
    """A Guard, and a context manager: leaving it gives the lock back.

    Args:
        record: who wants the lock, and why.
        wait: seconds to wait for another rollout.
    """

    def __init__(self, locker: Locker, record: LockRecord, wait: float = 0.0) -> None:
        self._locker = locker
        self._record = record
        self._wait = wait
        self._until = 0.0
        self._held: Held | None = None
        self._done = threading.Event()
        self.settled = False

    def saw(self, fleet: Fleet) -> Fleet:
        """Take the lock with the first reading, settle it with the second."""
        if self._held is None:
            self._until = self._locker.clock.monotonic() + self._wait
            self._held, fleet = self._locker.take(self._record, fleet, wait=self._wait)
            threading.Thread(target=self._beat, name="lock", daemon=True).start()
        elif not self.settled:
            self._held, settled = self._locker.settle(self._held, fleet, until=self._until)
            self.settled = True
            return settled or fleet
        return fleet

    def _beat(self) -> None:
        while not self._done.wait(1.0):
            if self._held:
                self._held.beat_if_due()

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it is."""
        if self._held is None:
            return ""
        if not self.settled:
            try:
                self._locker.confirm(self._held)
            except Locked as error:
                return error.what
            self.settled = True
        return self._held.lost()

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """The record, if this machine carries it."""
        return self._held.tags(machine_id) if self._held else {}

    def leaving(self, *machine_ids: str) -> None:
        """Have other machines carry it before these are destroyed."""
        if self._held:
            self._held.leaving(*machine_ids)

    def __enter__(self) -> LockSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._held:
            self._clear_away()
            self._held.release()

    def _clear_away(self) -> None:
        """A command that ended after its first reading still buries the dead: the next one could not tell they are."""
        if not self.settled and self._held:
            try:
                self._locker.confirm(self._held)
            except FlyoError:
                pass  # somebody else has it, or nobody can tell: what is left there dies by itself
