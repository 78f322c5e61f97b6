"""Certificates that apps ask for. They are records alone: the platform serves plain HTTP, and nobody is asked for one.

Names below .localhost lead to this computer wherever they are looked up, so a certificate of theirs counts as issued at
once. For every other name nobody looks at DNS here, and it waits for its records for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flyctl_orchestrator.local.base.errors import PlatformError, not_found
from flyctl_orchestrator.local.core.kernel import Kernel

# Seconds that one lasts; it is not renewed.
LASTS = 90 * 86_400.0
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})+")


@dataclass
class Certificate:
    """A hostname of an app. `expires_at` is None as long as there is no certificate for it."""

    app: str
    hostname: str
    created_at: float
    expires_at: float | None = None

    @property
    def leads_here(self) -> bool:
        """Whether requests for it come to this computer."""
        return self.hostname.endswith(".localhost")


class Certificates:
    """Every app's hostnames."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._held: dict[str, dict[str, Certificate]] = {}

    def adopt(self, certificate: Certificate) -> None:
        """Take one into the records."""
        self._held.setdefault(certificate.app, {})[certificate.hostname] = certificate

    def request(self, app: str, hostname: str) -> Certificate:
        """Ask for a certificate; one that was asked for before stays as it is.

        Raises:
            PlatformError: 404 for an unknown app, 422 for what is no hostname or belongs to another app.
        """
        self._kernel.app(app)
        name = hostname.strip().lower()
        if len(name) > 253 or not _HOSTNAME.fullmatch(name):
            raise PlatformError(422, "Validation failed: Hostname is invalid")
        if any(name in held for other, held in self._held.items() if other != app):
            raise PlatformError(422, "Validation failed: Hostname has already been taken")
        present = self._held.get(app, {}).get(name)
        if present is not None:
            return present
        made = Certificate(app, name, self._kernel.clock.now())
        if made.leads_here:
            made.expires_at = made.created_at + LASTS
        self.adopt(made)
        self._kernel.store.put("certificate", _key(made), made)
        self._kernel.feed.changed()
        return made

    def list(self, app: str) -> list[Certificate]:
        """An app's hostnames. Raises PlatformError 404."""
        self._kernel.app(app)
        return list(self._held.get(app, {}).values())

    def get(self, app: str, hostname: str) -> Certificate:
        """One hostname. Raises PlatformError 404."""
        self._kernel.app(app)
        found = self._held.get(app, {}).get(hostname.lower())
        if found is None:
            raise not_found(f"certificate for hostname {hostname!r} not found")
        return found

    def remove(self, app: str, hostname: str) -> None:
        """The app answers for this hostname no more. Raises PlatformError 404."""
        gone = self.get(app, hostname)
        del self._held[app][gone.hostname]
        self._kernel.store.delete("certificate", _key(gone))
        self._kernel.feed.changed()

    def forget(self, app: str) -> None:
        """Remove all of an app's."""
        for certificate in self._held.pop(app, {}).values():
            self._kernel.store.delete("certificate", _key(certificate))


def _key(certificate: Certificate) -> str:
    return f"{certificate.app}/{certificate.hostname}"
