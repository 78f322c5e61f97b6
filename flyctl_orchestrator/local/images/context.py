"""The build context: which files of a directory may go into an image."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.tree import Item, Tree

# A directory with this file in it is a Python virtual environment of this computer, of no use anywhere else.
_VENV_MARK = "pyvenv.cfg"


@dataclass(frozen=True)
class Context:
    """What a build may take files from.

    Attributes:
        root: the directory, resolved.
        tree: what .dockerignore lets through.
        notices: what else was left out, and why, one sentence each.
        digests: content digest and size of files that were read already (see `snapshot.fingerprint`).
    """

    root: Path
    tree: Tree
    notices: tuple[str, ...] = ()
    digests: dict[Path, tuple[str, int]] = field(default_factory=dict, compare=False, repr=False)


def scan(root: Path, ignore: Ignore, own: Collection[Path] = ()) -> Context:
    """Look at every file of a context, without reading any.

    `own` are the platform's own directories: when they are inside the context they do not count as part of it.

    A virtual environment, and a node_modules next to its package.json, are left out with a notice: they belong to
    this computer, and the platform makes its own.

    Raises:
        BuildFailed: a directory that cannot be listed, or a symbolic link that leaves the context.
    """
    return _Scan(Path(os.path.realpath(root)), ignore, own).run()


class _Scan:
    def __init__(self, root: Path, ignore: Ignore, own: Collection[Path]) -> None:
        self._own = {os.path.realpath(path) for path in own}
        self._root = root
        self._ignore = ignore
        self._tree = Tree()
        self._notices: list[str] = []
        self._special: list[str] = []

    def run(self) -> Context:
        waiting = [""]
        while waiting:
            waiting.extend(self._directory(waiting.pop()))
        if self._special:
            count = len(self._special)
            self._notices.append(
                f"{count} special file{'s' if count > 1 else ''} (socket, pipe or device) left out: {self._special[0]}"
            )
        return Context(self._root, self._tree, tuple(self._notices))

    def _directory(self, path: str) -> list[str]:
        """Take in one directory; gives the directories in it to go on with."""
        here = self._root / path if path else self._root
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(path or str(self._root), error) from error
        names = {entry.name for entry in entries}
        deeper = []
        for entry in entries:
            name = f"{path}/{entry.name}" if path else entry.name
            if entry.name == "node_modules" and "package.json" in names and not self._ignore.leaves_out(name):
                self._leave_out(name, "installed modules")
            elif self._entry(name, entry):
                deeper.append(name)
        return deeper

    def _leave_out(self, name: str, what: str) -> None:
        self._notices.append(f"{name} ({what} of this computer) is left out: add it to .dockerignore")

    def _entry(self, name: str, entry: os.DirEntry[str]) -> bool:
        """Take in one entry; True when it is a directory to go into."""
        left_out = self._ignore.leaves_out(name)
        if entry.is_dir(follow_symlinks=False):
            if entry.path in self._own:
                return False
            if left_out:
                return self._ignore.may_take_back_below(name)
            if Path(entry.path, _VENV_MARK).is_file():
                self._leave_out(name, "a virtual environment")
                return False
            self._tree.place(name, Item("dir", origin=name))
            return True
        if left_out:
            return False
        if entry.is_symlink():
            self._tree.place(name, self._link(name, entry.path))
        elif entry.is_file(follow_symlinks=False):
            executable = bool(entry.stat(follow_symlinks=False).st_mode & stat.S_IXUSR)
            self._tree.place(name, Item("file", Path(entry.path), name, executable=executable))
        else:
            self._special.append(name)
        return False

    def _link(self, name: str, path: str) -> Item:
        target = str(Path(path).readlink())
        real = os.path.realpath(path)
        inside = real == str(self._root) or real.startswith(f"{self._root}{os.sep}")
        if target.startswith("/") or not inside:
            raise BuildFailed(
                "build.context",
                f"{name} is a symbolic link that leaves the build context (to {target})",
                f"Replace it by a copy or a relative link, or add {name} to .dockerignore.",
            )
        return Item("link", Path(path), name, target=target)


def _unreadable(name: str, error: OSError) -> BuildFailed:
    return BuildFailed(
        "build.context",
        f"{name} cannot be read: {error.strerror or error}",
        f"Make it readable, or add {name} to .dockerignore.",
    )
