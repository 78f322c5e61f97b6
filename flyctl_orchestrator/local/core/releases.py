"""Releases: the ledger flyctl keeps of what was rolled out. Not part of the Machines API."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.base.errors import invalid, not_found
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Release

STATUSES = ("pending", "running", "complete", "failed", "interrupted")


class Releases:
    """Every app's releases."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._releases: dict[str, list[Release]] = {}

    def adopt(self, release: Release) -> None:
        """Take a release into the records (oldest first)."""
        self._releases.setdefault(release.app, []).append(release)

    def create(
        self,
        app: str,
        *,
        definition: Any,
        image_ref: str,
        strategy: str = "ROLLING",
        user: str = "",
        build_id: int | None = None,
        description: str = "",
        reason: str = "",
    ) -> Release:
        """A new release, pending, with the app's next version number. Raises PlatformError 404 for the app."""
        self._kernel.app(app)
        held = self._releases.setdefault(app, [])
        now = self._kernel.clock.now()
        release = Release(
            id=self._kernel.ids.slug(20),
            app=app,
            version=held[-1].version + 1 if held else 1,
            definition=definition,
            image_ref=image_ref,
            strategy=strategy,
            status="pending",
            user=user,
            created_at=now,
            updated_at=now,
            description=description,
            reason=reason,
            build_id=build_id,
        )
        held.append(release)
        self._keep(release)
        return release

    def update(self, release_id: str, *, status: str | None = None, metadata: Any = None) -> Release:
        """Change a release's status and metadata.

        Raises:
            PlatformError: 404 for an unknown release, 400 for an unknown status.
        """
        release = self.get(release_id)
        if status is not None:
            if status not in STATUSES:
                raise invalid(f"release status {status!r} must be one of {', '.join(STATUSES)}")
            release.status = status
        if metadata is not None:
            release.metadata = metadata
        release.updated_at = self._kernel.clock.now()
        self._keep(release)
        return release

    def _keep(self, release: Release) -> None:
        self._kernel.store.put("release", release.id, release)
        self._kernel.feed.changed()

    def get(self, release_id: str) -> Release:
        """A release by id. Raises PlatformError 404."""
        for held in self._releases.values():
            for release in held:
                if release.id == release_id:
                    return release
        raise not_found(f"release {release_id!r} not found")

    def list(self, app: str) -> list[Release]:
        """An app's releases, newest first. Raises PlatformError 404 for an unknown app."""
        self._kernel.app(app)
        return self._releases.get(app, [])[::-1]

    def current(self, app: str) -> Release | None:
        """The newest release, whatever became of it ("unprocessed" in Fly's words), or None."""
        return next(iter(self.list(app)), None)

    def forget(self, app: str) -> None:
        """Remove an app's releases."""
        for release in self._releases.pop(app, []):
            self._kernel.store.delete("release", release.id)
