"""One command per app on this computer: a file the operating system locks, and frees when its holder dies.

It settles at once what takes the platform half a minute: a lease that a killed command of this computer has left can be
given back by the next one, which knows it by what is written here. And it is all there is for an app without a machine,
until the first image is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.resources import Lease
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.plain_file import private_directory, read_plain

if TYPE_CHECKING:
    from filelock import FileLock

UNKNOWN = LockRecord("", "another process of this computer", "flyo", "rollout")


@dataclass(frozen=True)
class LastRun:
    """The last command of this computer that held the lock, or tried to; it has ended, one way or the other."""

    id: str = ""
    nonces: frozenset[str] = frozenset()

    def held(self, lease: Lease) -> bool:
        """Whether a lease is that command's: by its nonce, or by its description where the platform tells that."""
        described = bool(self.id) and lease.description == description_of(self.id)
        return described or (bool(lease.nonce) and lease.nonce in self.nonces)


def description_of(holder: str) -> str:
    """What a lease says it is for."""
    return f"flyo lock {holder}"


class ComputerLock:
    """The lock file of one app on one target.

    Args:
        path: the file; it and its directories are made when missing.

    Attributes:
        last_run: known once the lock is taken.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileLock | None = None
        self._record = UNKNOWN
        self.last_run = LastRun()

    def take(self, record: LockRecord) -> LockRecord | None:
        """Take it, or say who has it.

        Raises:
            FlyoError: the file cannot be written (code lock.unwritable).
        """
        from filelock import FileLock, Timeout

        try:
            private_directory(self._path.parent)
            file = FileLock(self._path, mode=0o600, thread_local=False)
            file.acquire(timeout=0)
        except Timeout:
            return self._said()[0]
        except (OSError, NotImplementedError) as error:
            raise self._unwritable(error) from error
        try:
            self.last_run = self._said()[1]
            self._record = record
            # Nothing is asked of the platform before this is on the disk.
            self._write(self.last_run.nonces)
        except OSError as error:
            file.release()
            raise self._unwritable(error) from error
        self._file = file
        return None

    def note(self, nonces: Iterable[str]) -> None:
        """Keep what the next command needs if this one dies now."""
        try:
            self._write([*self.last_run.nonces, *nonces])
        except OSError:
            pass  # then the next command has to wait for the lease to end

    def forget_last_run(self) -> None:
        """Nothing of it is left on the platform."""
        self.last_run = LastRun()

    def release(self) -> None:
        """Give it back; harmless when it is not held. What is written stays: it tells of leases not given back."""
        if self._file is not None:
            self._file.release()
            self._file = None

    # --- what is written: by whom, and the nonces of its leases

    @property
    def _beside(self) -> Path:
        return self._path.with_suffix(".json")

    def _write(self, nonces: Iterable[str]) -> None:
        """The old content or the new one, whole, however it ends; nobody else's to read."""
        text = json.dumps({"holder": self._record.as_value(), "nonces": sorted(nonces)})
        aside = self._path.with_suffix(f".{os.getpid()}.tmp")
        # What stands there may be anything; a new file is nobody's but ours.
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        aside.replace(self._beside)

    def _said(self) -> tuple[LockRecord, LastRun]:
        try:
            said = json.loads(read_plain(self._beside))
            record = LockRecord.of_value(str(said["holder"]))
            return record, LastRun(record.id, frozenset(map(str, said["nonces"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return UNKNOWN, LastRun()

    def _unwritable(self, error: Exception) -> FlyoError:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return FlyoError(
            f"the lock file cannot be written ({why})",
            where=str(self._path),
            next="Set FLYO_STATE_DIR to a directory that can be written",
            code="lock.unwritable",
        )
