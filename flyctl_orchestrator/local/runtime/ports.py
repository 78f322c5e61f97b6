"""Loopback ports for machines, below the range the system gives to outgoing connections.

A port is given out some time before the machine listens on it. So that two platforms on one computer (a rehearsal has
one of its own) do not give out the same one meanwhile, each takes ports from blocks that it alone has: a block is a
file that its process has locked, and the lock ends with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
from collections import deque
from pathlib import Path

FIRST, LAST = 20_000, 32_000
BLOCK = 100


def shared_directory() -> Path:
    """Where all platforms of this user lock their blocks."""
    return Path("/tmp", f"flyo-ports-{os.getuid()}")


class LoopbackPorts:
    """Hands out ports nobody listens on, each new one after the last, so that a port is not reused at once.

    Args:
        start: where to begin looking.
        directory: where blocks are locked; where that is not possible, ports are given out without.
    """

    def __init__(self, start: int = FIRST, directory: Path | None = None) -> None:
        self._directory = directory if directory is not None and _usable(directory) else None
        first = FIRST + (start - FIRST) % (LAST - FIRST) // BLOCK * BLOCK
        self._untried = [*range(first, LAST, BLOCK), *range(FIRST, first, BLOCK)]
        self._locks: list[int] = []
        self._mine: deque[int] = deque()
        self._taken: set[int] = set()

    def take(self) -> int:
        """A free port. Raises OSError when none is left."""
        while True:
            for _ in range(len(self._mine)):
                port = self._mine[0]
                self._mine.rotate(-1)
                if port not in self._taken and _free(port):
                    self._taken.add(port)
                    return port
            if not self._another_block():
                raise OSError(f"no free port between {FIRST} and {LAST}")

    def give_back(self, port: int) -> None:
        """The port may be used again."""
        self._taken.discard(port)

    def close(self) -> None:
        """Let others have the blocks."""
        while self._locks:
            os.close(self._locks.pop())

    def _another_block(self) -> bool:
        """Have the ports of a further block; False when there is none that nobody else has."""
        for block in list(self._untried):
            if self._locked(block):
                self._untried.remove(block)
                self._mine.extendleft(reversed(range(block, block + BLOCK)))
                return True
        return False

    def _locked(self, block: int) -> bool:
        if self._directory is None:
            return True
        try:
            file = os.open(self._directory / str(block), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._locks.append(file)
        return True


def _usable(directory: Path) -> bool:
    """Whether it is a directory of this user's own, made if it is not there: others could put anything there."""
    with contextlib.suppress(OSError):
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return False


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
