"""One rollout per app on this computer: a file the operating system locks, and frees when its holder dies.

It settles at once what the platform takes seconds for, and tells at once that a process was killed. And it is all there
is for an app without a machine, where the platform has nothing to keep a lock on: two *first* deploys from two
computers at the same time are told apart only when the first machine is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.machine import LOCK_PREFIX
from flyctl_orchestrator.rollout.state.lock_record import LockRecord

if TYPE_CHECKING:
    from filelock import FileLock


class ComputerLock:
    """The lock file of one app on one target.

    Args:
        path: the file; it and its directories are made when missing.

    Attributes:
        left_behind: once taken, the id of a holder on this computer that died without giving it back, "" if none did.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileLock | None = None
        self.left_behind = ""

    def take(self, record: LockRecord) -> LockRecord | None:
        """Take it, or say who has it.

        Raises:
            FlyoError: the file cannot be written (code lock.unwritable).
        """
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = FileLock(self._path)
            file.acquire(timeout=0)
            # The operating system gives a dead process's file free, but nobody has removed what it said.
            self.left_behind = self._holder().id if self._said.exists() else ""
            self._said.write_text(record.as_value(), encoding="utf-8")
        except Timeout:
            return self._holder()
        except OSError as error:
            raise FlyoError(
                f"the lock file cannot be written ({error.strerror or error})",
                where=str(self._path),
                next="Set FLYO_STATE_DIR to a directory that can be written",
                code="lock.unwritable",
            ) from error
        self._file = file
        return None

    def release(self) -> None:
        """Give it back; harmless when it is not held."""
        if self._file is not None:
            self._said.unlink(missing_ok=True)
            self._file.release()
            self._file = None

    @property
    def _said(self) -> Path:
        return self._path.with_suffix(".json")

    def _holder(self) -> LockRecord:
        try:
            value = self._said.read_text(encoding="utf-8")
            return LockRecord.of_value(LOCK_PREFIX + str(json.loads(value)["id"]), value)
        except (OSError, ValueError, KeyError, TypeError):
            return LockRecord("", "another process of this computer", "flyo", "rollout", 0.0, None)
