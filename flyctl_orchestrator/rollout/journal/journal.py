"""What a rollout did, on disk before and after every step, so that a killed one can be resumed or undone.

One file per rollout, JSON lines, each of them on disk (fsync) before the rollout goes on. The first line holds the
machines as they were, with their whole configuration: that is what a rollback needs, and why the file is readable by
its owner only. Configurations hold `[env]`, which is no place for secrets; the values of secrets never pass through
flyo here at all.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.state.plain_file import NO_WAITING, private_directory, read_plain

SCHEMA = "flyo.journal/1"

# What a disk without room says.
FULL = (errno.ENOSPC, errno.EDQUOT)


class Journal:
    """One rollout's journal. Safe for many threads.

    Args:
        path: the file; it and its directories are made when missing.
        sync: called with the file's descriptor to have it on disk.

    Raises:
        FlyoError: the file cannot be written (code journal.unwritable); nothing has been changed then.
    """

    def __init__(self, path: Path, clock: Clock, *, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = path
        self._clock = clock
        self._sync = sync
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._forgiving = False
        try:
            private_directory(path.parent)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        _hold(self._file)

    def forgive(self) -> None:
        """From now on lines that cannot be written are dropped: going back matters more than remembering it."""
        self._forgiving = True

    def write(self, entry: str, **fields: Any) -> None:
        """Add one line and have it on disk.

        Raises:
            FlyoError: it could not be written (full disk).
        """
        line = json.dumps({"entry": entry, "at": self._clock.now(), **fields}, separators=(",", ":"))
        try:
            with self._lock:
                _write_all(self._file, (line + "\n").encode())
                self._written += 1
                mine = self._written
            self._sync_up_to(mine)
        except OSError as error:
            if not self._forgiving:
                raise _unwritable(self.path, error) from error

    def _sync_up_to(self, line: int) -> None:
        """Have a line on disk; one that came there with another thread's lines needs nothing more."""
        with self._syncing:
            if self._synced >= line:
                return
            with self._lock:
                written = self._written
            self._sync(self._file)
            self._synced = written

    def complete_line(self) -> None:
        """End a line that a crash has cut off, so that the next one stands by itself."""
        os.write(self._file, b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def being_written(path: Path) -> bool:
    """Whether the process that writes a journal is still there; its end, however sudden, gives the file free.

    Where the file system knows no locks nobody can tell, and the answer is no.
    """
    file = -1
    for mode in (os.O_RDWR, os.O_RDONLY):  # one that belongs to another user may be open to reading alone
        try:
            file = os.open(path, mode | NO_WAITING)
            break
        except OSError:
            continue
    if file < 0:
        return False
    try:
        return not _hold(file)
    finally:
        os.close(file)


def _hold(file: int) -> bool:
    """Lock an open file until it is closed; False when somebody else has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a journal in order; a line cut off by a crash is left out.

    Raises:
        FlyoError: it is no file, or cannot be read (code journal.bad).
    """
    for line in _text_of(path).splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        except RecursionError:
            raise bad_journal(path, "a line of it is nested too deeply") from None
        if isinstance(entry, dict) and isinstance(entry.get("entry"), str):
            yield entry


def has_ended(path: Path) -> bool:
    """Whether a journal tells of a rollout's end, whatever else can be understood of it.

    Raises:
        FlyoError: it is no file, or cannot be read (code journal.bad).
    """
    return any(entry["entry"] == "end" for entry in read_journal(path))


def _text_of(path: Path) -> str:
    """What is in a file; nothing else is waited for, not even to be opened."""
    try:
        return read_plain(path)
    except IsADirectoryError:
        raise bad_journal(path, "it is a directory") from None
    except OSError as error:
        raise bad_journal(path, f"{error.strerror or error}") from error


def bad_journal(path: Path, why: str, first: str = "Make it readable") -> FlyoError:
    """The error for a journal from which nobody can tell what a rollout did.

    Args:
        first: what may help better than moving it away.
    """
    return FlyoError(
        f"this journal of a rollout cannot be read ({why})",
        where=str(path),
        next=f"{first}, or move it away: the machines' own metadata tells the rest",
        code="journal.bad",
    )


def _write_all(file: int, content: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part, and says so at the next attempt only."""
    while content:
        content = content[os.write(file, content) :]


def _unwritable(path: Path, error: OSError) -> FlyoError:
    first = "Free some space" if error.errno in FULL else "Make it yours to write"
    return FlyoError(
        f"the rollout's journal cannot be written ({error.strerror or error})",
        where=str(path),
        next=f"{first}, or set FLYO_STATE_DIR to a directory that can be written",
        code="journal.unwritable",
    )
