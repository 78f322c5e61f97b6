"""Leases: one holder at a time may change a machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.local.base.errors import PlatformError, invalid, not_found
from flyctl_orchestrator.local.core.fault import Place
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Lease, Machine

DEFAULT_SECONDS = 10.0


class Leases:
    """Who holds which machine. A lease ends by itself at `expires_at`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def held(self, machine: Machine) -> Lease | None:
        """The lease in force, or None."""
        lease = machine.lease
        if lease is not None and lease.expires_at > self._kernel.clock.now():
            return lease
        return self._foreign(machine)

    def _foreign(self, machine: Machine) -> Lease | None:
        """The hold of somebody else that fault lease-held makes up. Its nonce is no use to anybody."""
        fault = self._kernel.faults.holds("lease-held", Place.of(machine))
        if fault is None:
            return None
        until = fault.until or self._kernel.clock.now() + DEFAULT_SECONDS
        return Lease(self._kernel.ids.nonce(), until, fault.text("owner"), "somebody else at work")

    def check(self, machine: Machine, nonce: str) -> None:
        """Whoever sends `nonce` may change the machine now. A nonce of a lease that ended is as good as none.

        Raises:
            PlatformError: 409 when somebody else holds it.
        """
        lease = self.held(machine)
        if lease is not None and lease.nonce != nonce:
            raise PlatformError(409, conflict_message(machine, lease), body=_conflict(machine, lease))

    def acquire(self, machine: Machine, *, ttl: Any, nonce: str, owner: str, description: str = "") -> Lease:
        """Take the machine for `ttl` seconds; with the holder's nonce, keep it for `ttl` more.

        Raises:
            PlatformError: 409 when somebody else holds it, 400 for a bad `ttl`.
        """
        self.check(machine, nonce)
        until = self._kernel.clock.now() + _ttl_seconds(ttl)
        held = self.held(machine)
        if held is not None:
            held.expires_at = until
            held.description = description or held.description
            lease = held
        else:
            lease = Lease(self._kernel.ids.nonce(), until, owner, description)
            machine.lease = lease
        self._keep(machine)
        return lease

    def release(self, machine: Machine, nonce: str) -> None:
        """Let go of the machine.

        Raises:
            PlatformError: 404 when nobody holds it, 400 when `nonce` is not the holder's.
        """
        lease = self.held(machine)
        if lease is None:
            raise not_found("lease not found")
        if lease.nonce != nonce:
            raise invalid("invalid lease nonce")
        machine.lease = None
        self._keep(machine)

    def _keep(self, machine: Machine) -> None:
        self._kernel.store.put("machine", machine.id, machine)


def conflict_message(machine: Machine, lease: Lease) -> str:
    """What somebody else is told about a machine that is held."""
    until = datetime.fromtimestamp(lease.expires_at, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    return f"machine ID {machine.id} lease currently held by {lease.owner}, expires at {until}"


def _conflict(machine: Machine, lease: Lease) -> dict[str, Any]:
    message = conflict_message(machine, lease)
    return {"status": "error", "message": message, "error": message, "code": "invalid"}


def _ttl_seconds(ttl: Any) -> float:
    if ttl in (None, ""):
        return DEFAULT_SECONDS
    try:
        wanted = float(ttl)
    except (TypeError, ValueError):
        raise invalid(f"lease ttl {ttl!r} must be a number of seconds") from None
    if not 0 < wanted <= 86_400:
        raise invalid(f"lease ttl {ttl!r} must be between 1 and 86400 seconds")
    return wanted
