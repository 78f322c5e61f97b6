"""The apps that come along: ready to be copied into an empty directory and deployed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from flyctl_orchestrator.errors import FlyoError, UsageError

EXAMPLES = {"habit": ("habit_app", "Dockerfile", ".dockerignore", "fly.toml", "flyo.toml")}
"""What an example consists of, as it lies in the repository; the wheel carries the same (see pyproject.toml)."""

# What a directory may hold and still count as empty: nothing that a copy could collide with.
_HARMLESS = {".git", ".venv", "venv", ".DS_Store", ".idea", ".vscode"}
_LEFT_OUT = ("__pycache__", "instance")
_LEFT_OUT_ENDINGS = (".pyc", ".db", ".db-wal", ".db-shm")


def example_files(name: str) -> dict[str, bytes]:
    """All files of example `name`, by relative path.

    Raises:
        FlyoError: this installation does not carry it.
    """
    root = _root(name)
    files: dict[str, bytes] = {}
    for part in EXAMPLES[name]:
        files.update(_read(root.joinpath(part), part))
    return files


def refuse_unless_empty(directory: Path, name: str) -> None:
    """Make sure that nothing in `directory` can be overwritten.

    Raises:
        UsageError: something is there (code usage.not_empty); a few names are shown.
    """
    there = sorted(path.name for path in directory.iterdir() if path.name not in _HARMLESS)
    if not there:
        return
    shown = ", ".join(there[:4]) + (f" and {len(there) - 4} more" if len(there) > 4 else "")
    raise UsageError(
        f"this directory is not empty: it holds {shown}",
        where=str(directory),
        next=f"Make a new one: mkdir my-{name} && cd my-{name}",
        code="usage.not_empty",
    )


def _root(name: str) -> Traversable:
    package = resources.files("flyctl_orchestrator")
    carried = package.joinpath("_examples", name)
    if carried.is_dir():
        return carried
    # An editable installation: the package lies in the repository, beside the example.
    repository = Path(str(package)).parent
    if all((repository / part).exists() for part in EXAMPLES[name]):
        return repository
    raise FlyoError(
        f"this installation does not have the files of the example '{name}'",
        where=str(package),
        next="Install flyctl-orchestrator again",
        code="example.missing",
    )


def _read(place: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield name, place.read_bytes()
        return
    for entry in sorted(place.iterdir(), key=lambda each: each.name):
        if entry.name in _LEFT_OUT or entry.name.endswith(_LEFT_OUT_ENDINGS):
            continue
        yield from _read(entry, f"{name}/{entry.name}")
