"""An image's files on disk: their fingerprint, the read-only copy in the store, and a machine's own copy."""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flyctl_orchestrator.local.base.copying import copy_tree
from flyctl_orchestrator.local.core.seams import Image
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.tree import Item, Tree

CONTENT = "/"
"""Ends the path of a link that stands for what is in a directory, and not for the directory itself."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    """What a tree's content comes to.

    Attributes:
        digest: 64 hex characters over paths, kinds, executable bits, link targets and contents; nothing else
            (times, owners, order) has a part in it.
        size_bytes: of all files together.
        files: content digest of each file.
    """

    digest: str
    size_bytes: int
    files: Mapping[str, str] = field(repr=False)


def fingerprint(tree: Tree, known: dict[Path, tuple[str, int]] | None = None) -> Fingerprint:
    """Read every file of a tree once, a piece at a time.

    Args:
        known: digest and size of files read before in the same build; those read now are added.

    Raises:
        BuildFailed: a file that cannot be read.
    """
    total = hashlib.sha256()
    size = 0
    files: dict[str, str] = {}
    known = {} if known is None else known
    for path in sorted(tree):
        item = tree[path]
        fact = item.target
        if item.kind == "file":
            fact, length = _digest(path, item, known)
            files[path] = fact
            size += length
        line = "\0".join((path, item.kind, "x" if item.executable else "-", fact))
        total.update(os.fsencode(line) + b"\n")
    return Fingerprint(total.hexdigest(), size, files)


def _digest(path: str, item: Item, known: dict[Path, tuple[str, int]]) -> tuple[str, int]:
    if item.source is None:
        return hashlib.sha256(item.content).hexdigest(), len(item.content)
    if item.source in known:
        return known[item.source]
    try:
        with item.source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return known.setdefault(item.source, (digest, stream.tell()))
    except OSError as error:
        raise BuildFailed(
            "build.context",
            f"{item.origin or path} cannot be read: {error.strerror or error}",
            f"Make it readable, or add {item.origin or path} to .dockerignore.",
        ) from error


def write(tree: Tree, target: Path, expected: Mapping[str, str]) -> None:
    """Write a tree below `target`, which must not exist.

    Raises:
        BuildFailed: a file that is no longer what its fingerprint said, or a link that would leave the tree.
        OSError: the disk refuses.
    """
    target.mkdir(parents=True)
    links = []
    for path in sorted(tree):
        item = tree[path]
        place = target / path
        if item.kind == "dir":
            place.mkdir()
        elif item.kind == "link":
            place.symlink_to(item.target)
            links.append(path)
        else:
            _write_file(path, item, place, expected[path])
    for path in links:
        _keep_inside(path, target)


def _write_file(path: str, item: Item, place: Path, expected: str) -> None:
    digest = hashlib.sha256()
    with place.open("xb") as out:
        if item.source is None:
            digest.update(item.content)
            out.write(item.content)
        else:
            with item.source.open("rb") as stream:
                while piece := stream.read(_CHUNK):
                    digest.update(piece)
                    out.write(piece)
    place.chmod(0o755 if item.executable else 0o644)
    if digest.hexdigest() != expected:
        raise BuildFailed(
            "build.changed", f"{item.origin or path} changed while the image was being made", "Build again."
        )


def _keep_inside(path: str, root: Path) -> None:
    real = os.path.realpath(root / path)
    top = os.path.realpath(root)
    if real != top and not real.startswith(top + os.sep):
        raise BuildFailed(
            "build.context",
            f"{path} is a symbolic link that leaves the image where COPY puts it",
            "Copy what it points to as well, or replace the link by a copy.",
        )


def materialise(
    image: Image,
    machine_dir: Path,
    mounts: Mapping[str, Path] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Give a machine its own, fresh copy of an image's files. Call it before every boot, with `command_for` after it.

    Whatever stood in `machine_dir` goes, as a machine's root does on Fly.io when it boots again; what is mounted
    stays, because only the link to it is removed. Blocks while it copies: call it on a thread.

    Args:
        image: from the store.
        machine_dir: becomes the machine's root directory; made when missing.
        mounts: container path of a volume, e.g. "/data", to the directory that holds it.
        files: container path of each further file, to its content; they may be secret, so only you can read them.

    Raises:
        OSError: the disk refuses; nothing usable is left then.
    """
    if machine_dir.exists():
        shutil.rmtree(machine_dir)
    machine_dir.parent.mkdir(parents=True, exist_ok=True)
    copy_tree(image.root, machine_dir)
    (machine_dir / image.workdir.strip("/")).mkdir(parents=True, exist_ok=True)
    for name, target in image.links.items():
        if name.endswith(CONTENT):
            _place_content(machine_dir / name.strip("/"), Path(target), machine_dir)
        else:
            _open_above(machine_dir / name, machine_dir)
            _link(machine_dir / name, target)
    for name, directory in (mounts or {}).items():
        _link(_in_root(machine_dir, name), str(directory))
    for name, content in (files or {}).items():
        place = _in_root(machine_dir, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        with open(place, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.write(content)


def _in_root(machine_dir: Path, path: str) -> Path:
    """Where a container path is in a machine's copy; `..` cannot lead out of it."""
    return machine_dir / posixpath.normpath("/" + path).strip("/")


def _place_content(place: Path, made: Path, machine_dir: Path) -> None:
    """Put what is in a directory beside what is there; files as copies: a program may look for others beside it."""
    _open_above(place / "x", machine_dir)
    place.mkdir(parents=True, exist_ok=True)
    for entry in sorted(made.iterdir()):
        there = place / entry.name
        _link(there, str(entry))
        if entry.is_file():
            there.unlink()
            shutil.copy2(entry, there)


def _open_above(place: Path, machine_dir: Path) -> None:
    """Make directories of links above a path that lead out of the machine, so that nothing is put where they lead."""
    for above in reversed(place.relative_to(machine_dir).parents):
        link = machine_dir / above
        if link.is_symlink() and link.is_dir() and not link.resolve().is_relative_to(machine_dir.resolve()):
            entries = sorted(link.resolve().iterdir())
            link.unlink()
            link.mkdir()
            for entry in entries:
                (link / entry.name).symlink_to(entry)


def _link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        shutil.rmtree(place)
    place.symlink_to(target)
