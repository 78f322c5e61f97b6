"""The platform's images: snapshots kept by content, and the labels that apps gave them.

On disk, below the store's root:

    images/<hex>/rootfs/…          what COPY put where; read-only by convention
    images/<hex>/image.json        what the Dockerfile says, and which dependencies go with it
    apps/<app>/labels/<label>      the digest that label stands for now
    apps/<app>/digests/<hex>       that this app pushed that digest once, so that it can go back to it
    dependencies/…                 see dependencies.py
    tmp/…                          unfinished work, removed at the next start

Everything is written aside and renamed, so a crash leaves either the whole image or nothing.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base.image_names import REGISTRY, own_name
from flyctl_orchestrator.local.core.seams import Image, ImageNotFound
from flyctl_orchestrator.local.images import snapshot
from flyctl_orchestrator.local.images.dependencies import DependencyCache
from flyctl_orchestrator.local.images.failure import failure_of
from flyctl_orchestrator.local.images.recipe import Recipe
from flyctl_orchestrator.local.images.tree import Tree

# Dependencies that no image has any more are kept this long after their last use, in seconds: a build may be about
# to use them, and going back and forth between two versions should not install twice.
_DEPENDENCIES_STAY = 86_400.0
APP_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_REFERENCE = re.compile(
    rf"(?:{re.escape(REGISTRY)}/)?(?P<app>{APP_NAME.pattern})"
    rf"(?::(?P<label>{LABEL.pattern}))?(?:@sha256:(?P<hex>[0-9a-f]{{64}}))?"
)


@dataclass(frozen=True)
class Stored:
    """What `put` did: the image, and whether it was there already."""

    image: Image
    existed: bool


def _described(seen: snapshot.Fingerprint, recipe: Recipe) -> str:
    return json.dumps({**recipe.as_dict(), "size_bytes": seen.size_bytes}, indent=1, sort_keys=True)


class ImageStore:
    """Images below one directory; survives a restart. Make one per directory, and keep it.

    Reading is safe from any thread, and so are `put` and `prune` together. Both block on the disk.
    """

    def __init__(self, root: Path, now: Callable[[], float] = time.time) -> None:
        #: The directory it is in.
        self.root = root
        self._now = now
        # Held while it is decided what is there and whose it is, so that nothing is pruned that a put relies on.
        self._deciding = threading.Lock()
        for name in ("images", "apps", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for leftover in (root / "tmp").iterdir():
            shutil.rmtree(leftover, ignore_errors=True)
        self.dependencies = DependencyCache(root / "dependencies")
        self.dependencies.sweep()

    def put(self, app: str, label: str, tree: Tree, seen: snapshot.Fingerprint, recipe: Recipe) -> Stored:
        """Keep an image and let a label of an app stand for it.

        Args:
            app, label: as `APP_NAME` and `LABEL` allow.
            tree, seen: the root directory, and its fingerprint.
            recipe: how it starts.

        Raises:
            BuildFailed: the disk is full or refuses, or a file changed meanwhile; nothing half-written stays.
        """
        digest = recipe.digest(seen)
        home = self.root / "images" / digest
        try:
            (mark := self.root / "apps" / app / "digests" / digest).parent.mkdir(parents=True, exist_ok=True)
            with self._deciding:
                existed = home.is_dir()
                if existed:
                    mark.touch()
            if not existed:
                self._write(home, mark, tree, seen, recipe)
            elif self._recipe(home) != recipe:
                # The same dependencies, installed again somewhere else.
                self._replace(home / "image.json", _described(seen, recipe))
            self._replace(self.root / "apps" / app / "labels" / label, digest)
        except OSError as error:
            raise failure_of(error) from error
        return Stored(self._load(f"{REGISTRY}/{app}:{label}", digest), existed)

    def put_in_engine(self, app: str, label: str, engine_id: str, recipe: Recipe, size_bytes: int) -> Stored:
        """Keep the description of an image whose files a container engine has, under its digest there.

        Args:
            engine_id: "sha256:…" or 64 hex characters.

        Raises:
            BuildFailed: as `put`.
        """
        digest = engine_id.removeprefix("sha256:")
        home, mark = self.root / "images" / digest, self.root / "apps" / app / "digests" / digest
        described = {**recipe.as_dict(), "size_bytes": size_bytes, "engine_id": f"sha256:{digest}"}
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            with self._deciding:
                existed = home.is_dir()
                if not existed:
                    aside = self.root / "tmp" / secrets.token_hex(8)
                    aside.mkdir()
                    (aside / "image.json").write_text(json.dumps(described, indent=1, sort_keys=True))
                    aside.rename(home)
                mark.touch()
            self._replace(self.root / "apps" / app / "labels" / label, digest)
        except OSError as error:
            raise failure_of(error) from error
        return Stored(self._load(f"{REGISTRY}/{app}:{label}", digest), existed)

    def _write(self, home: Path, mark: Path, tree: Tree, seen: snapshot.Fingerprint, recipe: Recipe) -> None:
        aside = self.root / "tmp" / secrets.token_hex(8)
        try:
            snapshot.write(tree, aside / "rootfs", seen.files)
            (aside / "image.json").write_text(_described(seen, recipe))
            with self._deciding:
                if not home.is_dir():  # else another build of the same content was faster
                    aside.rename(home)
                mark.touch()
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _replace(self, path: Path, text: str) -> None:
        """Write a small file so that a reader sees the old text or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.root / "tmp" / secrets.token_hex(8)
        aside.mkdir()
        try:
            (aside / path.name).write_text(text)
            (aside / path.name).replace(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def resolve(self, ref: str) -> Image:
        """The image of `[registry.fly.io/]app:label`, `…app@sha256:…` or both, when the digest decides.

        Raises:
            ImageNotFound: nothing was pushed under it; the message says what would be found.
        """
        match = _REFERENCE.fullmatch(own_name(ref))
        if match is None:
            raise ImageNotFound(f"{ref}: the local platform only has images it built ({REGISTRY}/APP:LABEL)")
        app, label, digest = match["app"], match["label"], match["hex"]
        home = self.root / "apps" / app
        if digest is None:
            try:
                digest = (home / "labels" / (label or "latest")).read_text()
            except OSError as error:
                raise ImageNotFound(f"{ref}: no image of {app} has that label") from error
        elif not (home / "digests" / digest).exists():
            raise ImageNotFound(f"{ref}: {app} has no image with that digest")
        name = f"{REGISTRY}/{app}" + (f":{label}" if label else f"@sha256:{digest}")
        return self._load(name, digest)

    def labelled_at(self, ref: str) -> float:
        """When the label of a reference was last given, seconds since the epoch; 0 for one that does not exist."""
        match = _REFERENCE.fullmatch(own_name(ref))
        try:
            home = self.root / "apps" / match["app"] if match else self.root
            return (home / "labels" / ((match and match["label"]) or "latest")).stat().st_mtime
        except OSError:
            return 0.0

    def holds(self, digest: str) -> bool:
        """Whether an image of that digest ("sha256:…") is there."""
        return (self.root / "images" / digest.removeprefix("sha256:")).is_dir()

    def prune(self, app: str, in_use: Collection[str], keep_latest: int = 0) -> list[str]:
        """Forget an app's images, except those in use and its latest ones, and delete what no app has any more.

        With nothing in use and nothing to keep, that is what destroying an app asks for.

        Args:
            app: whose.
            in_use: digests ("sha256:…") to keep, e.g. those of its machines and releases.
            keep_latest: how many of its latest labels stay as well.

        Returns:
            The digests deleted from the disk.
        """
        kept = {digest.removeprefix("sha256:") for digest in in_use}
        home = self.root / "apps" / app
        with self._deciding:
            if APP_NAME.fullmatch(app) and home.is_dir():
                self._forget(home, kept, keep_latest)
            deleted = self._put_aside_unreferenced()
            keys = {self._recipe(home).dependencies for home in (self.root / "images").iterdir()}
        for gone in deleted:
            shutil.rmtree(self.root / "tmp" / gone, ignore_errors=True)
        self.dependencies.sweep(keep=keys, unused_since=self._now() - _DEPENDENCIES_STAY)
        return [f"sha256:{name}" for name in deleted]

    def _forget(self, app: Path, kept: set[str], keep_latest: int) -> None:
        labels = sorted(app.glob("labels/*"), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        kept = kept | {label.read_text() for label in labels[:keep_latest]}
        unwanted = [label for label in labels if label.read_text() not in kept]
        unwanted += [mark for mark in app.glob("digests/*") if mark.name not in kept]
        for path in unwanted:
            path.unlink()

    def _put_aside_unreferenced(self) -> list[str]:
        wanted = {mark.name for mark in (self.root / "apps").glob("*/digests/*")}
        unwanted = [home for home in (self.root / "images").iterdir() if home.name not in wanted]
        for home in unwanted:
            home.rename(self.root / "tmp" / home.name)
        return [home.name for home in unwanted]

    def _recipe(self, home: Path) -> Recipe:
        return Recipe.of_dict(json.loads((home / "image.json").read_text()))

    def _load(self, ref: str, digest: str) -> Image:
        home = self.root / "images" / digest
        try:
            content: dict[str, Any] = json.loads((home / "image.json").read_text())
        except (OSError, ValueError) as error:
            raise ImageNotFound(f"{ref}: its files are gone from the store") from error
        recipe = Recipe.of_dict(content)
        return Image(
            ref=ref,
            digest=f"sha256:{digest}",
            root=home / "rootfs",
            size_bytes=content["size_bytes"],
            env=recipe.env,
            workdir=recipe.workdir,
            entrypoint=recipe.entrypoint,
            cmd=recipe.cmd,
            path_prefix=recipe.path_prefix,
            links=recipe.links,
            exposed_port=recipe.exposed,
            engine_id=str(content.get("engine_id", "")),
        )
