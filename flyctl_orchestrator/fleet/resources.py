"""The smaller things the Machines API answers with."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.fleet import wire


@dataclass(frozen=True)
class Lease:
    """The right to change one machine, for a while.

    Attributes:
        nonce: proves it is ours; never shown.
        expires_at: seconds since the epoch, by the platform's clock.
        description: what its holder said it is for.
        owner: who holds it, "" where the platform does not say.
    """

    nonce: str
    expires_at: float
    description: str = ""
    owner: str = ""

    def __repr__(self) -> str:
        return f"Lease(expires_at={self.expires_at}, description={self.description!r})"

    @classmethod
    def of_wire(cls, data: wire.LeaseData) -> Lease:
        """Read the `data` object of a lease answer."""
        said = {"description": data.description or "", "owner": data.owner or ""}
        return cls(nonce=data.nonce or "", expires_at=data.expires_at, **said)


@dataclass(frozen=True)
class SecretInfo:
    """A secret's name and digest; its value can never be read back."""

    name: str
    digest: str = ""

    @classmethod
    def of_wire(cls, data: wire.Secret) -> SecretInfo:
        """Read one element of an app's secrets."""
        return cls(name=data.name, digest=data.digest or "")
