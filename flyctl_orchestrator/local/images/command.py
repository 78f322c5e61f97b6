"""A machine's command, environment and directory, once container paths are made paths of the machine's own copy.

In a container `/app/run.sh` is an absolute path; here the same file is `<machine_dir>/app/run.sh`. Paths are mapped
where a person wrote them for the container: the command and the environment. A path inside a script's text stays
what it is, because files are never rewritten.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flyctl_orchestrator.local.core.seams import Image

# An absolute path where one may begin: not in the middle of a word, a relative path, or a URL.
_PATH = re.compile(r"(?<![^\s\"'=:;,(@])/[^\s\"'=:;,()/][^\s\"'=:;,()]*")
_EXECUTABLE = re.compile(r"/bin/[^/]+$")
# What every computer has at its root: there, only what the image really holds is mapped.
_EVERYWHERE = frozenset(
    [
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "lib64",
        "proc",
        "root",
        "run",
        "sbin",
        "sys",
        "tmp",
        "usr",
        "var",
        "Applications",
        "Library",
        "System",
        "Users",
        "Volumes",
        "private",
    ]
)
_IMAGE_PATH = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")


class Command(NamedTuple):
    """What to execute: arguments, the complete environment, and the directory to be in."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path


def command_for(
    image: Image,
    machine_dir: Path,
    argv: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
    host_path: str = os.defpath,
) -> Command:
    """How to start a machine from its copy of the image. Call it after `materialise`, at each boot.

    Args:
        image: from the store.
        machine_dir: where `materialise` put the copy.
        argv: the command with overrides applied (`Launch.argv`); the image's own when None.
        env: the machine's environment (`Launch.env`), which overrides the image's ENV. A PATH in it is taken like
            the image's: what it names in the image comes before the host's.
        host_path: PATH of this computer, for interpreters such as node and sh. Leave the platform's own virtual
            environment out of it (`path_without`), or its packages would leak into apps.

    Executables are looked for in the dependency environment first (`Image.path_prefix`), so that
    `/usr/local/bin/python`, `/app/.venv/bin/gunicorn` and `gunicorn` all find the one the platform installed.
    """
    mapper = _Mapper(image, machine_dir)
    merged = {**image.env, **(env or {})}
    inside = [mapper.path(entry) for entry in merged.get("PATH", "").split(":") if entry]
    own = [entry for entry in inside if entry.startswith(f"{machine_dir}{os.sep}")]
    standard = [str(machine_dir / name) for name in _IMAGE_PATH if (machine_dir / name).is_dir()]
    path = ":".join(dict.fromkeys([*image.path_prefix, *own, *standard, *host_path.split(":")]))
    result = {name: mapper.value(name, value) for name, value in merged.items()}
    result["PATH"] = path
    if image.path_prefix and (venv := Path(image.path_prefix[0]).parent).joinpath("pyvenv.cfg").is_file():
        result["VIRTUAL_ENV"] = str(venv)
    words = [mapper.text(word) for word in ((*image.entrypoint, *image.cmd) if argv is None else argv)]
    if words:
        words[0] = _executable(words[0], image.path_prefix, path, machine_dir)
    return Command(tuple(words), result, machine_dir / image.workdir.strip("/"))


def path_without(host_path: str, *directories: str) -> str:
    """A PATH without some directories, e.g. the `bin` of the platform's own virtual environment."""
    return ":".join(entry for entry in host_path.split(":") if entry and entry not in directories)


def _executable(word: str, first: Iterable[str], path: str, machine_dir: Path) -> str:
    """The file to execute for a command's first word; the word itself when nothing fits, for the error to name it."""
    if "/" not in word:
        return shutil.which(word, path=path) or word
    if not word.startswith("/") or (word.startswith(f"{machine_dir}{os.sep}") and Path(word).exists()):
        return word
    name = Path(word).name
    installed = shutil.which(name, path=":".join(first) or os.devnull)
    if installed or Path(word).exists():
        return installed or word
    return shutil.which(name, path=path) or word


class _Mapper:
    def __init__(self, image: Image, machine_dir: Path) -> None:
        self._root = machine_dir
        self._workdir = image.workdir.strip("/")
        self._first = image.path_prefix

    def path(self, path: str) -> str:
        """An absolute container path as one in the machine's copy, if it belongs there."""
        return str(self._root) + path.rstrip("/") if self._belongs(path.strip("/")) else path

    def text(self, text: str) -> str:
        """Every absolute path in a text, e.g. in `--config=/app/gunicorn.conf.py` or a shell command."""
        return _PATH.sub(lambda match: self._installed(match[0]) or self.path(match[0]), text)

    def _installed(self, path: str) -> str | None:
        """What was installed in place of an executable that would be in the container, e.g. /app/.venv/bin/flask."""
        if not _EXECUTABLE.search(path) or (self._root / path.strip("/")).exists():
            return None
        return shutil.which(Path(path).name, path=":".join(self._first) or os.devnull)

    def value(self, name: str, value: str) -> str:
        """An environment variable's value: a path, or a list of them when its name says so."""
        if name.endswith("PATH"):
            return ":".join(self.path(part) if part.startswith("/") else part for part in value.split(":"))
        return self.path(value) if re.fullmatch(r"/[^\s/][^\s]*", value) else value

    def _belongs(self, path: str) -> bool:
        if not path:
            return False
        if os.path.lexists(self._root / path):
            # An empty directory such as /tmp or /usr may only be there because something else is below it.
            return path not in _EVERYWHERE
        if self._workdir and (path == self._workdir or path.startswith(self._workdir + "/")):
            return True
        return self._below_own(path)

    def _below_own(self, path: str) -> bool:
        """Whether a path that does not exist yet would be made inside a volume, or a directory only the image has."""
        if Path("/" + path).exists():
            return False
        at = path.rfind("/")
        while at > 0:
            above = self._root / path[:at]
            if above.is_symlink() or (above.is_dir() and path.partition("/")[0] not in _EVERYWHERE):
                return True
            at = path.rfind("/", 0, at)
        return False
