"""IP assignments. Nothing listens on them locally, so they come from the ranges reserved for documentation."""

from __future__ import annotations

from flyctl_orchestrator.local.base.errors import invalid, not_found
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import IpAssignment

TYPES = ("v4", "shared_v4", "v6", "private_v6")
SHARED_V4 = "192.0.2.1"


class Addresses:
    """Every app's addresses."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._assignments: dict[str, list[IpAssignment]] = {}

    def adopt(self, assignment: IpAssignment) -> None:
        """Take an assignment into the records."""
        self._assignments.setdefault(assignment.app, []).append(assignment)

    def allocate(
        self, app: str, type: str, *, region: str = "", network: str = "", service_name: str = ""
    ) -> IpAssignment:
        """A new address (the shared one is given at most once per app).

        Raises:
            PlatformError: 404 for an unknown app, 400 for an unknown type.
        """
        self._kernel.app(app)
        if type not in TYPES:
            raise invalid(f"ip type {type!r} must be one of {', '.join(TYPES)}")
        held = self._assignments.setdefault(app, [])
        if type == "shared_v4":
            present = next((one for one in held if one.type == type), None)
            if present is not None:
                return present
        assignment = IpAssignment(
            id=f"ip_{self._kernel.ids.slug(14)}",
            app=app,
            ip=self._address(type),
            type=type,
            created_at=self._kernel.clock.now(),
            region=region or "global",
            network=network or "default",
            service_name=service_name,
        )
        held.append(assignment)
        self._kernel.store.put("ip", assignment.id, assignment)
        self._kernel.feed.changed()
        return assignment

    def _address(self, type: str) -> str:
        taken = {one.ip for held in self._assignments.values() for one in held}
        if type == "shared_v4":
            return SHARED_V4
        while True:
            number = self._kernel.random.getrandbits(32)
            if type == "v4":
                address = f"198.51.100.{number % 253 + 2}"
            elif type == "v6":
                address = f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}"
            else:
                address = f"fdaa:0:1:0:1::{number & 0xFFFF:x}"
            if address not in taken or (type == "v4" and len(taken) > 200):
                return address

    def release(self, app: str, ip: str) -> None:
        """Give an address back. Raises PlatformError 404 when the app does not have it."""
        self._kernel.app(app)
        for assignment in self._assignments.get(app, []):
            if assignment.ip == ip:
                self._assignments[app].remove(assignment)
                self._kernel.store.delete("ip", assignment.id)
                self._kernel.feed.changed()
                return
        raise not_found(f"ip address {ip} not found")

    def list(self, app: str) -> list[IpAssignment]:
        """An app's addresses, oldest first. Raises PlatformError 404 for an unknown app."""
        self._kernel.app(app)
        return list(self._assignments.get(app, []))

    def flycast(self, network: str) -> tuple[str, ...]:
        """The apps that have a name under .flycast in a private network."""
        return tuple(
            app
            for app, held in self._assignments.items()
            if any(one.type == "private_v6" and one.network == network for one in held)
        )

    def public_ip(self, app: str) -> str:
        """The app's public IPv6 address, or "" when it has none."""
        return next((one.ip for one in self._assignments.get(app, []) if one.type == "v6"), "")

    def forget(self, app: str) -> None:
        """Give all of an app's addresses back."""
        for assignment in self._assignments.pop(app, []):
            self._kernel.store.delete("ip", assignment.id)
