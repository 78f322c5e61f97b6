"""Apps: create, look up, destroy."""

from __future__ import annotations

import re
from collections.abc import Callable

from flyctl_orchestrator.local.base.errors import PlatformError, not_found
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import App, Organization

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Apps:
    """The apps of the platform. `organization` is the only one there is."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.organization = Organization()

    def organization_of(self, slug: str) -> Organization:
        """The organization of a slug.

        Raises:
            PlatformError: 404 for any other than the local one.
        """
        if slug != self.organization.slug:
            raise not_found(f"Could not find Organization {slug!r}; the local platform has one, 'personal'")
        return self.organization

    def create(self, name: str, org_slug: str = "personal", network: str = "default", role: str = "") -> App:
        """A new, empty app. An empty name gets one made up.

        Raises:
            PlatformError: 422 for a name that is taken or not a name, 404 for an unknown organization.
        """
        self.organization_of(org_slug or "personal")
        name = name or f"{self._kernel.ids.machine_name()}"
        if not _NAME.fullmatch(name):
            raise PlatformError(
                422, "Validation failed: Name may only contain numbers, lowercase letters and dashes", code="unknown"
            )
        if name in self._kernel.apps:
            raise PlatformError(422, "Validation failed: Name has already been taken", code="name_taken")
        app = App(
            name=name,
            id=self._kernel.ids.slug(16),
            numeric_id=max((app.numeric_id for app in self._kernel.apps.values()), default=0) + 1,
            created_at=self._kernel.clock.now(),
            network=network or "default",
            role=role,
        )
        self._kernel.apps[name] = app
        self._kernel.store.put("app", name, app)
        self._kernel.feed.changed()
        return app

    def get(self, name: str) -> App:
        """An app by name. Raises PlatformError 404."""
        return self._kernel.app(name)

    def find(self, reference: str) -> App | None:
        """An app by name or id, or None."""
        by_name = self._kernel.apps.get(reference)
        return by_name or next((app for app in self._kernel.apps.values() if app.id == reference), None)

    def list(self) -> list[App]:
        """All apps, oldest first."""
        return list(self._kernel.apps.values())

    def status(self, app: App) -> str:
        """pending (never had a machine), deployed, or suspended (has none that is awake)."""
        if not app.deployed:
            return "pending"
        alive = (machine for machine in self._kernel.machines_of(app.name) if machine.alive)
        awake = any(machine.state not in ("stopped", "suspended", "failed") for machine in alive)
        return "deployed" if awake else "suspended"

    def remove(self, name: str, forget: Callable[[App], None]) -> None:
        """Take an app out of the records, after `forget` has dealt with what belongs to it."""
        app = self._kernel.app(name)
        forget(app)
        for machine in self._kernel.machines_of(name):
            self._kernel.drop(machine)
        self._kernel.by_app.pop(name, None)
        del self._kernel.apps[name]
        self._kernel.store.delete("app", name)
        self._kernel.logs.forget(name)
        self._kernel.feed.changed()
