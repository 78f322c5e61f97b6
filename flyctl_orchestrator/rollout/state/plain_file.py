"""Reads a file of flyo's own, whatever stands in its place: nothing else is waited for, not even to be opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Opening a pipe that nobody writes to, or reads from, would wait for ever. (Windows has no such files.)
NO_WAITING = getattr(os, "O_NONBLOCK", 0)


class NotPlain(OSError):
    """Something that is no ordinary file."""


def read_plain(path: Path) -> str:
    """What is in a file, as text; bytes that are none are replaced.

    Raises:
        OSError: it is no ordinary file (NotPlain), or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | NO_WAITING)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotPlain("it is no ordinary file")
        return file.read()
