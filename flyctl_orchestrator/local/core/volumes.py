"""Volumes: directories that outlive machines, one machine at a time, pinned to a region."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base.copying import copy_tree
from flyctl_orchestrator.local.base.errors import NotModelled, PlatformError, invalid, not_found, precondition
from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine, Volume, VolumeSnapshot

DEFAULT_SIZE_GB = 3
# A destroyed volume is listed and its snapshots are kept for this long, as on Fly.io.
REMEMBERED_SECONDS = 86_400.0


@dataclass(frozen=True)
class _Source:
    """What a volume is a copy of: a volume or a snapshot, and where its files are."""

    id: str
    size_gb: int
    directory: Path | None
    in_engine: bool


class Volumes:
    """Every app's volumes. `root` is where their directories are; None keeps records only (simulation)."""

    def __init__(self, kernel: Kernel, root: Path | None) -> None:
        self._kernel = kernel
        self._root = root
        self._volumes: dict[str, Volume] = {}
        #: Told of each volume whose files in a container engine are to go.
        self.on_erased: Callable[[str], None] = lambda volume_id: None
        #: Copies files in a container engine, from one id to another, and tells their bytes, None when it cannot.
        self.copy_in_engine: Callable[[str, str, Callable[[int | None], None]], None] | None = None

    def adopt(self, volume: Volume) -> None:
        """Take a volume into the records. A copy that a daemon was making when it ended is no whole one."""
        if volume.state == "creating":
            volume.state = "failed"
        for snapshot in volume.snapshots:
            snapshot.status = "failed" if snapshot.status == "creating" else snapshot.status
        self._volumes[volume.id] = volume

    def list(self, app: str) -> list[Volume]:
        """An app's volumes, oldest first, destroyed ones included for a day. PlatformError 404 for an unknown app."""
        self._kernel.app(app)
        self._forget_old()
        return [volume for volume in self._volumes.values() if volume.app == app]

    def _forget_old(self) -> None:
        before = self._kernel.clock.now() - REMEMBERED_SECONDS
        for volume in list(self._volumes.values()):
            if volume.destroyed_at is not None and volume.destroyed_at < before:
                self._remove(volume)

    def get(self, app: str, volume_id: str) -> Volume:
        """One volume. Raises PlatformError 404."""
        self._kernel.app(app)
        volume = self._volumes.get(volume_id)
        if volume is None or volume.app != app:
            raise not_found(f"volume not found: {volume_id}")
        return volume

    def _alive(self, app: str, volume_id: str) -> Volume:
        volume = self.get(app, volume_id)
        if volume.destroyed_at is not None:
            raise not_found(f"volume not found: {volume_id} is destroyed")
        return volume

    def directory(self, volume_id: str) -> Path | None:
        """Where a volume's files are, or None without directories."""
        return None if self._root is None or volume_id not in self._volumes else self._root / volume_id

    def used(self, volume: Volume) -> int:
        """Bytes of the files in a volume, 0 without directories."""
        directory = self.directory(volume.id)
        return 0 if directory is None or volume.destroyed_at is not None else _size_of(directory)

    def take_for(self, volume_id: str, *, engine: bool) -> None:
        """A machine is about to use a volume, from a container or as a process: its files are in one place only.

        Raises:
            PlatformError: 412 when they are in the other one.
        """
        volume = self._volumes.get(volume_id)
        if volume is None or volume.in_engine == engine:
            return
        directory = self.directory(volume_id)
        if volume.in_engine or (directory is not None and directory.is_dir() and any(directory.iterdir())):
            where = "the container engine" if volume.in_engine else "the platform's own directory"
            raise precondition(
                f"the files of volume {volume_id} are in {where}, where this machine cannot see them: run the app as it"
                " ran before ([local] runtime in flyo.toml), or destroy the volume"
            )
        volume.in_engine = engine
        self._keep(volume)

    def create(self, app: str, wanted: dict[str, Any]) -> Volume:
        """A new volume, empty or a copy (`source_volume_id`, `snapshot_id`).

        Raises:
            PlatformError: 404 for an unknown app or source, 400 for a bad name, region or size.
        """
        self._kernel.app(app)
        name, region = wanted.get("name"), wanted.get("region") or "iad"
        if not isinstance(name, str) or not name.replace("_", "").isalnum() or len(name) > 30:
            raise invalid(f"volume name {name!r} must be 1 to 30 letters, digits and underscores")
        if region not in REGIONS:
            raise invalid(f"region {region!r} not found")
        source = self._source(app, wanted)
        volume = Volume(
            id=f"vol_{self._kernel.ids.slug(16)}",
            app=app,
            name=name,
            region=region,
            size_gb=_size(wanted.get("size_gb"), source.size_gb if source else DEFAULT_SIZE_GB),
            created_at=self._kernel.clock.now(),
            zone=self._kernel.ids.hex(4),
            encrypted=wanted.get("encrypted") is not False,
            snapshot_retention=_retention(wanted.get("snapshot_retention"), 5),
            auto_backup_enabled=wanted.get("auto_backup_enabled") is not False,
            host=self._kernel.random.randint(1, 0xFFFF),
        )
        self._volumes[volume.id] = volume
        if source is not None and source.in_engine:
            volume.in_engine, volume.state = True, "creating"
            self._copy(source.id, volume.id, partial(self._filled, volume))
        self._make_directory(volume, source.directory if source else None)
        self._keep(volume)
        return volume

    def _source(self, app: str, wanted: dict[str, Any]) -> _Source | None:
        if wanted.get("source_volume_id"):
            origin = self._alive(app, wanted["source_volume_id"])
            return _Source(origin.id, origin.size_gb, self.directory(origin.id), origin.in_engine)
        if wanted.get("snapshot_id"):
            for origin in self.list(app):
                for one in origin.snapshots:
                    if one.id == wanted["snapshot_id"]:
                        return _Source(one.id, origin.size_gb, self._snapshot_directory(one.id), one.in_engine)
            raise not_found(f"snapshot not found: {wanted['snapshot_id']}")
        return None

    def _copy(self, source: str, target: str, done: Callable[[int | None], None]) -> None:
        if self.copy_in_engine is None:
            raise NotModelled("a copy of a volume that containers use")
        self.copy_in_engine(source, target, done)

    def _filled(self, volume: Volume, size: int | None) -> None:
        if volume.destroyed_at is None and volume.id in self._volumes:
            volume.state = "failed" if size is None else "created"
            self._keep(volume)
        elif size is not None:
            self.on_erased(volume.id)

    def _snapshot_directory(self, snapshot_id: str) -> Path | None:
        return None if self._root is None else self._root / "snapshots" / snapshot_id

    def _make_directory(self, volume: Volume, source: Path | None) -> None:
        directory = self.directory(volume.id)
        if directory is None:
            return
        try:
            if source is not None and source.exists():
                copy_tree(source, directory)
            else:
                directory.mkdir(parents=True)
        except OSError as problem:
            _erase(directory)
            del self._volumes[volume.id]
            raise PlatformError(507, f"volume could not be created: {problem}") from problem

    def update(self, app: str, volume_id: str, wanted: dict[str, Any]) -> Volume:
        """Change `auto_backup_enabled` and `snapshot_retention`, which is all Fly allows."""
        volume = self.get(app, volume_id)
        if isinstance(wanted.get("auto_backup_enabled"), bool):
            volume.auto_backup_enabled = wanted["auto_backup_enabled"]
        volume.snapshot_retention = _retention(wanted.get("snapshot_retention"), volume.snapshot_retention)
        self._keep(volume)
        return volume

    def extend(self, app: str, volume_id: str, size_gb: Any) -> Volume:
        """Make it larger. Raises PlatformError 400 when it would not grow."""
        volume = self.get(app, volume_id)
        size = _size(size_gb, 0)
        if size <= volume.size_gb:
            raise invalid(f"size_gb must be more than the present {volume.size_gb}")
        volume.size_gb = size
        if volume.attached_machine_id is not None:
            machine = self._kernel.machine(app, volume.attached_machine_id)
            self.describe(machine.config.get("mounts") or [])
            self._kernel.changed(machine)
        self._keep(volume)
        return volume

    def describe(self, mounts: Sequence[dict[str, Any]]) -> None:
        """Fill in what a machine's config says of its volumes: name, size and encryption, as they are now."""
        for mount in mounts:
            volume = self._volumes.get(str(mount.get("volume", "")))
            if volume is not None:
                mount |= {"name": volume.name, "size_gb": volume.size_gb, "encrypted": volume.encrypted}

    def destroy(self, app: str, volume_id: str) -> Volume:
        """Destroy a volume and its files; its snapshots stay for a day.

        Raises:
            PlatformError: 404, or 412 while a machine has it.
        """
        volume = self.get(app, volume_id)
        if volume.attached_machine_id is not None:
            raise precondition(f"volume {volume_id} is attached to machine {volume.attached_machine_id}")
        if volume.destroyed_at is None:
            volume.destroyed_at = self._kernel.clock.now()
            volume.state = "pending_destroy"
            self._erase_files(volume)
            self._keep(volume)
        return volume

    def _erase_files(self, volume: Volume) -> None:
        _erase(self.directory(volume.id))
        if volume.in_engine:
            self.on_erased(volume.id)

    def _remove(self, volume: Volume) -> None:
        self._erase_files(volume)
        for snapshot in volume.snapshots:
            _erase(self._snapshot_directory(snapshot.id))
            if snapshot.in_engine:
                self.on_erased(snapshot.id)
        self._volumes.pop(volume.id, None)
        self._kernel.store.delete("volume", volume.id)
        self._kernel.feed.changed()

    def snapshot(self, app: str, volume_id: str) -> VolumeSnapshot:
        """Copy the volume's files as they are now; in an engine the copy is "created" a moment later.

        Raises:
            PlatformError: 404 for an unknown or destroyed volume, 507 when the disk refuses.
        """
        volume = self._alive(app, volume_id)
        snapshot_id = f"vs_{self._kernel.ids.slug(16)}"
        origin, copy = self.directory(volume.id), self._snapshot_directory(snapshot_id)
        size = 0
        if origin is not None and copy is not None and not volume.in_engine:
            try:
                copy_tree(origin, copy)
            except OSError as problem:
                _erase(copy)
                raise PlatformError(507, f"snapshot could not be taken: {problem}") from problem
            size = _size_of(copy)
        digest = hashlib.sha256(snapshot_id.encode()).hexdigest()
        made = VolumeSnapshot(snapshot_id, size, digest, self._kernel.clock.now(), "created", volume.snapshot_retention)
        if volume.in_engine:
            made.status, made.in_engine = "creating", True
            self._copy(volume.id, made.id, partial(self._taken, volume, made))
        volume.snapshots.append(made)
        self._keep(volume)
        return made

    def _taken(self, volume: Volume, made: VolumeSnapshot, size: int | None) -> None:
        made.status, made.size = ("failed", 0) if size is None else ("created", size)
        if volume.id in self._volumes:
            self._keep(volume)
        elif size is not None:
            self.on_erased(made.id)

    def attach(self, machine: Machine, mounts: Sequence[dict[str, Any]]) -> None:
        """Give a new machine its volumes.

        Raises:
            PlatformError: 404 for an unknown volume, 412 for one in another region or in use.
        """
        for mount in mounts:
            volume = self._alive(machine.app, str(mount.get("volume", "")))
            if volume.region != machine.region:
                raise PlatformError(
                    412,
                    f"failed_precondition: volume {volume.id} is in {volume.region}, not in {machine.region}",
                    code="volume_placement_capacity",
                )
            if volume.attached_machine_id not in (None, machine.id):
                raise PlatformError(
                    412,
                    "insufficient resources to create new machine with existing volume"
                    f" '{volume.id}': it is attached to machine {volume.attached_machine_id}",
                    code="volume_placement_capacity",
                )
            volume.attached_machine_id = machine.id
            machine.host = volume.host
            self._keep(volume)
        self.describe(mounts)

    def detach(self, machine: Machine) -> None:
        """Take a destroyed machine's volumes from it."""
        for volume in self._volumes.values():
            if volume.attached_machine_id == machine.id:
                volume.attached_machine_id = None
                self._keep(volume)

    def forget(self, app: str) -> None:
        """Remove all of an app's volumes and their files."""
        for volume in [volume for volume in self._volumes.values() if volume.app == app]:
            self._remove(volume)

    def _keep(self, volume: Volume) -> None:
        volume.updated_at = self._kernel.clock.now()
        self._kernel.store.put("volume", volume.id, volume)
        self._kernel.feed.changed()


def _size_of(directory: Path) -> int:
    """Bytes of all files below a directory; one that goes meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
    return total


def _erase(directory: Path | None) -> None:
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)


def _size(wanted: Any, default: int) -> int:
    if wanted is None:
        return default
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= 500:
        raise invalid(f"size_gb {wanted!r} must be between 1 and 500")
    return wanted


def _retention(wanted: Any, default: int) -> int:
    if wanted is None:
        return default
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= 60:
        raise invalid(f"snapshot_retention {wanted!r} must be between 1 and 60 days")
    return wanted
