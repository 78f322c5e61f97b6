"""Secrets of apps. Values go into machines' environments and nowhere else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from flyctl_orchestrator.local.base.errors import invalid, not_found, precondition
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import FormerSecrets, Secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# More than an app's log, of which the page shows forty lines, is likely to hold.
_MOST_FORMER = 500


class Secrets:
    """Every app's secrets; each change makes a new version number of the app."""

    def __init__(self, kernel: Kernel, digest_key: bytes) -> None:
        self._kernel = kernel
        self._key = digest_key
        self._secrets: dict[str, dict[str, Secret]] = {}
        self._former: dict[str, FormerSecrets] = {}

    def adopt_former(self, former: FormerSecrets) -> None:
        """Take values that secrets had into the records."""
        self._former[former.app] = former

    def adopt(self, secret: Secret) -> None:
        """Take a secret into the records."""
        self._secrets.setdefault(secret.app, {})[secret.name] = secret

    def list(self, app: str) -> list[Secret]:
        """An app's secrets by name. Raises PlatformError 404 for an unknown app."""
        self._kernel.app(app)
        return sorted(self._secrets.get(app, {}).values(), key=lambda secret: secret.name)

    def get(self, app: str, name: str) -> Secret:
        """One secret. Raises PlatformError 404."""
        self._kernel.app(app)
        secret = self._secrets.get(app, {}).get(name)
        if secret is None:
            raise not_found(f"secret {name!r} not found")
        return secret

    def values(self, app: str) -> dict[str, str]:
        """Name and value of each secret, for a machine that boots now."""
        return {name: secret.value for name, secret in self._secrets.get(app, {}).items()}

    def all_values(self, app: str) -> tuple[str, ...]:
        """Values that an app's secrets have or had: machines keep the old ones until they boot, their logs longer."""
        former = self._former.get(app)
        return (*self.values(app).values(), *(former.values if former else ()))

    def change(self, app: str, values: Mapping[str, str | None]) -> int:
        """Set (a string) or remove (None) secrets, all together; returns the app's new version.

        Raises:
            PlatformError: 404 for an unknown app, 400 for a bad name or value.
        """
        record = self._kernel.app(app)
        for name, value in values.items():
            if not _NAME.fullmatch(name):
                raise invalid(f"secret name {name!r} must be letters, digits and underscores")
            if value is not None and not isinstance(value, str):
                raise invalid(f"the value of secret {name!r} must be a string or null")
        record.secrets_version += 1
        for name, value in values.items():
            self._set(app, name, value, record.secrets_version)
        self._kernel.store.put("app", app, record)
        self._kernel.feed.changed()
        return record.secrets_version

    def _set(self, app: str, name: str, value: str | None, version: int) -> None:
        held = self._secrets.setdefault(app, {})
        key = f"{app}/{name}"
        if name in held and held[name].value != value:
            self._remember(app, held[name].value)
        if value is None:
            held.pop(name, None)
            self._kernel.store.delete("secret", key)
            return
        now = self._kernel.clock.now()
        created_at = held[name].created_at if name in held else now
        held[name] = Secret(app, name, value, self._digest(app, name, value), created_at, now, version)
        self._kernel.store.put("secret", key, held[name])

    def _remember(self, app: str, value: str) -> None:
        former = self._former.setdefault(app, FormerSecrets(app))
        former.values = [*(one for one in former.values if one != value), value][-_MOST_FORMER:]
        self._kernel.store.put("former_secrets", app, former)

    def _digest(self, app: str, name: str, value: str) -> str:
        text = f"{app}\0{name}\0{value}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=16).hexdigest()

    def require_version(self, app: str, wanted: object) -> None:
        """The app's secrets must be at least at version `wanted` (None: any).

        Raises:
            PlatformError: 412 when they are not, 400 when it is not a number.
        """
        if wanted is None:
            return
        if isinstance(wanted, bool) or not isinstance(wanted, int):
            raise invalid("min_secrets_version must be a number")
        if self._kernel.app(app).secrets_version < wanted:
            raise precondition(f"secrets version {wanted} is not available on this host yet")

    def forget(self, app: str) -> None:
        """Remove an app's secrets."""
        if self._former.pop(app, None) is not None:
            self._kernel.store.delete("former_secrets", app)
        for name in self._secrets.pop(app, {}):
            self._kernel.store.delete("secret", f"{app}/{name}")
