"""Copying a directory, stopping at the first file that cannot be copied."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path

EXECUTABLES = threading.Lock()
"""Held while an executable file is written, and while a process is started: a child that inherits the descriptor for a
moment would make the file "busy", and the machine it belongs to end with 126 (ETXTBSY)."""


class _Stop(Exception):
    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def copy_tree(source: Path, target: Path) -> None:
    """Copy `source` to `target`, which must not exist; symbolic links stay links.

    `shutil.copytree` goes on after an OSError and then reports every single file, which on a full disk is all of them.

    Raises:
        OSError: of the first file that cannot be copied.
    """
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=_copy)
    except _Stop as stopped:
        raise stopped.error from None


def _copy(source: str, target: str) -> None:
    try:
        if os.lstat(source).st_mode & stat.S_IXUSR:
            with EXECUTABLES:
                shutil.copy2(source, target, follow_symlinks=False)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        raise _Stop(error) from error
