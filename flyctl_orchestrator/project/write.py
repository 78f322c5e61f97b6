"""Writes files so that each is either the old one or the new one, whole, whatever happens in between."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.errors import FlyoError


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write every file of `files` (paths relative to `root`, with "/") or, when one cannot be written, none.

    All contents reach the disk under temporary names before the first is renamed into place. An existing file keeps
    its permissions, a symbolic link stays one and its target is replaced, missing directories are made.

    Raises:
        FlyoError: code write.failed; the old files are as they were.
    """
    staged: list[tuple[Path, Path]] = []
    made: list[Path] = []
    name = ""
    try:
        for name, content in files.items():
            final = _final(root / name)
            if final.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            made += _make_directories(final.parent)
            temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
            staged.append((temporary, final))
            _write_aside(temporary, content, mode=_mode(final))
        for temporary, final in staged:
            temporary.replace(final)
        for directory in {final.parent for _, final in staged}:
            _sync_directory(directory)
    except OSError as error:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        for directory in reversed(made):
            _remove_if_empty(directory)
        raise _failed(error, str(root / name)) from None
    except KeyboardInterrupt:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise


def _final(path: Path) -> Path:
    return path.resolve() if path.is_symlink() else path


def _mode(path: Path) -> int | None:
    """Permissions of the file being replaced; None lets the umask decide for a new one."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _make_directories(directory: Path) -> list[Path]:
    """Create `directory` and its parents; the ones that were missing, outermost first."""
    missing: list[Path] = []
    while not directory.exists():
        missing.insert(0, directory)
        directory = directory.parent
    for path in missing:
        path.mkdir()
    return missing


def _write_aside(path: Path, content: bytes, *, mode: int | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        if mode is not None:
            os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot sync a directory; the rename itself has happened.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _remove_if_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return


def _failed(error: OSError, place: str) -> FlyoError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        next = "Make room on the disk and run it again; the files that were there are untouched"
    else:
        next = "Correct that and run it again; the files that were there are untouched"
    return FlyoError(f"cannot be written: {error.strerror or error}", where=place, next=next, code="write.failed")
