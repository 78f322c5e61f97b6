"""What was pushed: blobs by content, and the manifests and tags of each repository.

On disk, below the registry's root:

    blobs/<hex>                            layers, configurations and manifests, each named by what it holds
    repositories/<name>/_manifests/<hex>   that this repository has that manifest; the file holds its media type
    repositories/<name>/_blobs/<hex>       that this repository was given that blob, though no manifest names it yet
    repositories/<name>/_tags/<tag>        the digest that a tag stands for
    uploads/<id>                           unfinished uploads, removed at the next start

A file is written aside and renamed, so that a crash leaves a whole blob or none. Everything blocks on the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.registry.failure import RegistryRefused
from flyctl_orchestrator.local.registry.manifest import Manifest, read_manifest

#: Bytes of all blobs together.
QUOTA = 20 * 1024**3
#: A blob that no manifest names (yet) stays that long, in seconds: its push may be under way.
UNNAMED_STAYS = 3600.0


class RegistryStore:
    """The registry's files below one directory. Make one per directory, and keep it.

    Args:
        root: the directory.
        quota: bytes that all blobs together may take.
        now: wall time, seconds since the epoch.
    """

    def __init__(self, root: Path, quota: int = QUOTA, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._quota = quota
        self._now = now
        self._deciding = threading.Lock()
        for name in ("blobs", "repositories", "uploads"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for leftover in (root / "uploads").iterdir():
            leftover.unlink()
        self._used = sum(path.stat().st_size for path in (root / "blobs").iterdir())

    @property
    def used(self) -> int:
        """Bytes of all blobs."""
        return self._used

    # Blobs

    def blob(self, digest: str) -> Path | None:
        """The file of a blob, whosever it is; None when there is none."""
        path = self._blob(digest)
        return path if path.is_file() else None

    def blob_of(self, repository: str, digest: str) -> Path | None:
        """The file of a blob that a repository has; None where it has none, though another one may have it.

        A repository has what was pushed or mounted there, its manifests, and what these name.
        """
        path = self.blob(digest)
        if path is None:
            return None
        given = self._given(repository, digest).is_file() or self._marked(repository, digest).is_file()
        return path if given or digest in self._named_in(self._home(repository) / "_manifests") else None

    def give(self, repository: str, digest: str) -> None:
        """A repository has a blob from now on, which has to be there."""
        self._write(self._given(repository, digest), "")

    def _blob(self, digest: str) -> Path:
        return self._root / "blobs" / digest.removeprefix("sha256:")

    def new_upload(self) -> Upload:
        """A place for a blob that arrives piece by piece."""
        return Upload(self._root / "uploads" / secrets.token_hex(16), self._has_room)

    def _has_room(self, size: int) -> None:
        if self._used + size > self._quota:
            raise RegistryRefused(
                "DENIED",
                f"the local registry is full: it may hold {self._quota // 1024**2} MB;"
                " destroy apps that are not needed, or reset the platform",
            )

    def keep(self, upload: Upload, digest: str, repository: str = "") -> None:
        """A blob is complete, and a repository ("" for none) has it.

        Raises:
            RegistryRefused: it is not what its digest says.
        """
        if upload.digest != digest:
            upload.discard()
            raise RegistryRefused("DIGEST_INVALID", f"the content is {upload.digest}, not {digest}")
        path = self._blob(digest)
        with self._deciding:
            if path.is_file():
                path.touch()  # its time of grace begins again
                upload.discard()
            else:
                self._used += upload.size
                upload.path.replace(path)
        if repository:
            self.give(repository, digest)

    def confirm(self, repository: str, digest: str) -> bool:
        """Whether a repository has a blob; a push that relies on it can take its time."""
        path = self.blob_of(repository, digest)
        if path is not None:
            with contextlib.suppress(OSError):
                path.touch()
        return path is not None

    # Manifests

    def put_manifest(self, repository: str, tag: str, content: bytes, media_type: str, digest: str = "") -> Manifest:
        """Keep a manifest, and let a tag ("" for none) stand for it.

        Args:
            digest: that it has to have, "" for any.

        Raises:
            RegistryRefused: it is no manifest, or names what was not pushed before it.
        """
        manifest = read_manifest(content, media_type)
        if digest not in ("", manifest.digest):
            raise RegistryRefused("DIGEST_INVALID", f"the manifest is {manifest.digest}, not {digest}")
        for blob in manifest.blobs:
            if not self.confirm(repository, blob):
                raise RegistryRefused("MANIFEST_BLOB_UNKNOWN", f"{blob} was not pushed")
        for child in manifest.children:
            if not self._marked(repository, child.digest).exists():
                raise RegistryRefused("MANIFEST_BLOB_UNKNOWN", f"the manifest {child.digest} was not pushed")
        upload = self.new_upload()
        upload.write(content)
        self.keep(upload, manifest.digest)
        self._write(self._marked(repository, manifest.digest), manifest.media_type)
        if tag:
            self._write(self._tags(repository) / tag, manifest.digest)
        return manifest

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a tag or digest in a repository, None when there is none."""
        digest = reference if reference.startswith("sha256:") else self._text(self._tags(repository) / reference)
        media_type = self._text(self._marked(repository, digest)) if digest else ""
        if not media_type:
            return None
        try:
            return read_manifest(self._blob(digest).read_bytes(), media_type)
        except (OSError, RegistryRefused):
            return None

    def tagged_at(self, repository: str, tag: str) -> float:
        """When a tag was last pushed, seconds since the epoch; 0 for one that does not exist."""
        try:
            return (self._tags(repository) / tag).stat().st_mtime
        except OSError:
            return 0.0

    def tags(self, repository: str) -> list[str] | None:
        """The tags of a repository by name, None when nothing was ever pushed there."""
        if not (self._home(repository) / "_manifests").is_dir():
            return None
        return sorted(path.name for path in self._tags(repository).glob("*"))

    def config(self, manifest: Manifest) -> dict[str, Any]:
        """The configuration of an image. Empty when it is none that says how to start."""
        try:
            found = json.loads(self._blob(manifest.config).read_bytes()) if manifest.config else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _home(self, repository: str) -> Path:
        return self._root / "repositories" / repository

    def _tags(self, repository: str) -> Path:
        return self._home(repository) / "_tags"

    def _marked(self, repository: str, digest: str) -> Path:
        return self._home(repository) / "_manifests" / digest.removeprefix("sha256:")

    def _given(self, repository: str, digest: str) -> Path:
        return self._home(repository) / "_blobs" / digest.removeprefix("sha256:")

    def _text(self, path: Path) -> str:
        try:
            return path.read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._root / "uploads" / secrets.token_hex(16)
        aside.write_text(text, encoding="ascii")
        aside.replace(path)

    # Cleaning up

    def prune(self, repository: str, in_use: Collection[str] = (), keep_latest: int = 0) -> list[str]:
        """Forget a repository's manifests, except those in use and of its latest tags, then blobs that nobody names.

        Args:
            in_use: digests ("sha256:…") of machines' images.
            keep_latest: how many of the latest tags stay as well.

        Returns:
            The digests of the manifests that the repository has no more.
        """
        forgotten = []
        with self._deciding:
            kept = set(in_use)
            by_age = sorted(self._tags(repository).glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            kept |= {self._text(path) for path in by_age[:keep_latest]}
            for path in by_age:
                if self._text(path) not in kept:
                    path.unlink(missing_ok=True)
            for digest in list(kept):
                found = self.manifest(repository, digest)
                kept |= {child.digest for child in found.children} if found else set()
            for mark in (self._home(repository) / "_manifests").glob("*"):
                if f"sha256:{mark.name}" not in kept:
                    mark.unlink(missing_ok=True)
                    forgotten.append(f"sha256:{mark.name}")
            if not kept and not keep_latest:
                # The app is gone. Of one that stays, blobs that were just given may be a push under way.
                shutil.rmtree(self._home(repository), ignore_errors=True)
            self._sweep()
        return forgotten

    def _sweep(self) -> None:
        named = set(self._named())
        before = self._now() - UNNAMED_STAYS
        for given in list((self._root / "repositories").rglob("_blobs/*")):
            if given.stat().st_mtime < before:
                given.unlink(missing_ok=True)
        for path in list((self._root / "blobs").iterdir()):
            status = path.stat()
            if f"sha256:{path.name}" not in named and status.st_mtime < before:
                path.unlink(missing_ok=True)
                self._used -= status.st_size

    def _named(self) -> Iterator[str]:
        for manifests in (self._root / "repositories").rglob("_manifests"):
            yield from self._named_in(manifests)

    def _named_in(self, manifests: Path) -> Iterator[str]:
        for mark in manifests.glob("*"):
            digest = f"sha256:{mark.name}"
            yield digest
            with contextlib.suppress(OSError, RegistryRefused):
                yield from read_manifest(self._blob(digest).read_bytes(), self._text(mark)).blobs


class Upload:
    """A blob that arrives piece by piece.

    Attributes:
        path: where its pieces are.
        size: bytes so far.
    """

    def __init__(self, path: Path, has_room: Callable[[int], None]) -> None:
        self.path = path
        self.size = 0
        self._has_room = has_room
        self._hash = hashlib.sha256()
        path.touch()

    @property
    def digest(self) -> str:
        """Of what has arrived."""
        return f"sha256:{self._hash.hexdigest()}"

    def write(self, data: bytes) -> None:
        """One more piece. Raises RegistryRefused when the registry is full, OSError when the disk refuses."""
        self._has_room(self.size + len(data))
        with self.path.open("ab") as file:
            file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def discard(self) -> None:
        """It is not wanted."""
        self.path.unlink(missing_ok=True)
