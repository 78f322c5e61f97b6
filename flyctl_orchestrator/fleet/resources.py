"""The smaller things the Machines API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lease:
    """The right to change one machine, for a while.

    Attributes:
        nonce: proves it is ours; never shown.
        expires_at: seconds since the epoch, by the platform's clock.
        owner: who the platform says holds it.
        description: what its holder said it is for.
    """

    nonce: str
    expires_at: float
    owner: str = ""
    description: str = ""

    def __repr__(self) -> str:
        return f"Lease(expires_at={self.expires_at}, owner={self.owner!r}, description={self.description!r})"

    @classmethod
    def of_api(cls, data: Mapping[str, Any]) -> Lease:
        """Read the `data` object of a lease answer."""
        return cls(
            nonce=str(data.get("nonce") or ""),
            expires_at=float(data.get("expires_at") or 0),
            owner=str(data.get("owner") or ""),
            description=str(data.get("description") or ""),
        )


@dataclass(frozen=True)
class RegionInfo:
    """One region as the platform itself lists it."""

    code: str
    name: str = ""
    deprecated: bool = False
    requires_paid_plan: bool = False
    gateway_available: bool = False

    @classmethod
    def of_api(cls, data: Mapping[str, Any]) -> RegionInfo:
        """Read one element of the platform's list of regions."""
        return cls(
            code=str(data.get("code", "")),
            name=str(data.get("name", "")),
            deprecated=bool(data.get("deprecated")),
            requires_paid_plan=bool(data.get("requires_paid_plan")),
            gateway_available=bool(data.get("gateway_available")),
        )


@dataclass(frozen=True)
class AppInfo:
    """An app as the Machines API knows it; status is pending, deployed or suspended."""

    name: str
    status: str = ""
    organization: str = ""

    @classmethod
    def of_api(cls, data: Mapping[str, Any]) -> AppInfo:
        """Read an app object."""
        organization = data.get("organization") or {}
        return cls(str(data.get("name", "")), str(data.get("status", "")), str(organization.get("slug", "")))


@dataclass(frozen=True)
class SecretInfo:
    """A secret's name and digest; its value can never be read back."""

    name: str
    digest: str = ""
    created_at: str = ""
    updated_at: str = ""

    @classmethod
    def of_api(cls, data: Mapping[str, Any]) -> SecretInfo:
        """Read one element of an app's secrets."""
        return cls(
            name=str(data.get("name", "")),
            digest=str(data.get("digest", "")),
            created_at=str(data.get("created_at") or ""),
            updated_at=str(data.get("updated_at") or ""),
        )


@dataclass(frozen=True)
class Volume:
    """A disk, pinned to one region and one host."""

    id: str
    name: str
    region: str
    state: str
    size_gb: int
    machine_id: str | None = None

    @classmethod
    def of_api(cls, data: Mapping[str, Any]) -> Volume:
        """Read a volume object."""
        return cls(
            id=str(data.get("id", "")),
            name=str(data.get("name", "")),
            region=str(data.get("region", "")),
            state=str(data.get("state", "")),
            size_gb=int(data.get("size_gb") or 0),
            machine_id=data.get("attached_machine_id") or None,
        )
