"""The lock of one command: taken at its beginning, kept by a thread, given back at its end."""

from __future__ import annotations

import threading

from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import LockRecord


class AppLock:
    """A Guard.

    An app without a machine has nothing to keep the lock on. Then this computer's lock is all there is until there is
    an image, and `secure` is called with it.

    Args:
        record: who wants the lock, and why.
        wait: seconds to wait for another command.
    """

    def __init__(self, locker: Locker, record: LockRecord, wait: float = 0.0) -> None:
        self._locker = locker
        self._record = record
        self._wait = wait
        self._until = 0.0
        self._held: Held | None = None
        self._done = threading.Event()

    def take(self) -> None:
        """Take it.

        Raises:
            Locked: somebody else has it.
            FlyoError: it cannot be taken; see `Locker`.
        """
        self._until = self._locker.clock.monotonic() + self._wait
        self._locker.take_here(self._record, self._until)
        self._keep(self._locker.take_there(self._record, self._until, must=False))

    def secure(self, image: str | None) -> bool:
        """Take it on the platform if that could not be done before."""
        if self._held is not None:
            return False
        self._keep(self._locker.take_there(self._record, self._until, image))
        return True

    def _keep(self, held: Held | None) -> None:
        self._held = held
        if held is not None:
            threading.Thread(target=self._renew, args=(held,), name="lock", daemon=True).start()

    def _renew(self, held: Held) -> None:
        while not self._done.wait(1.0):
            held.renew_if_due()

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it surely is."""
        return self._held.lost() if self._held is not None else "the lock was not taken on the platform"

    def release(self) -> None:
        """Give it back; harmless when it was not taken."""
        self._done.set()
        try:
            if self._held is not None:
                self._held.release()
        finally:
            self._locker.computer.release()
