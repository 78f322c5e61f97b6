"""Copying a directory, stopping at the first file that cannot be copied."""

from __future__ import annotations

import shutil
from pathlib import Path


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
        shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        raise _Stop(error) from error
