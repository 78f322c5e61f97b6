"""Files of flyo's own: their directories are private, and whatever stands in their place is not waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Opening a pipe that nobody writes to, or reads from, would wait for ever. (Windows has no such files.)
NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def private_directory(path: Path) -> None:
    """Make a directory of flyo's own, and those above it that are missing: nobody else may look into any of them.

    Raises:
        OSError: one cannot be made, or something else stands in its place.
    """
    if path.parent != path and not path.parent.exists():
        private_directory(path.parent)
    path.mkdir(exist_ok=True, mode=0o700)


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
