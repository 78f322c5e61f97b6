"""What flyctl prints with --json, as far as it is used (its `internal/command` and fly-go's `types.go`)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field


class Version(Struct):
    """flyctl version."""

    version: str = field(name="Version")


class Token(Struct):
    """flyctl auth token."""

    token: str


class User(Struct):
    """Who made a release."""

    email: str | None = field(default=None, name="Email")
    name: str | None = field(default=None, name="Name")


class Release(Struct):
    """One row of flyctl releases."""

    id: str = field(name="ID")
    version: Annotated[int, Meta(ge=0, le=2**53)] = field(name="Version")
    status: str | None = field(default=None, name="Status")
    image: str | None = field(default=None, name="ImageRef")
    created_at: str | None = field(default=None, name="CreatedAt")
    user: User | None = field(default=None, name="User")


class Region(Struct):
    """One row of flyctl platform regions."""

    code: str


class Secret(Struct):
    """One row of flyctl secrets list; it leaves the status out where it cannot tell."""

    name: str
    digest: str = ""
    status: str | None = None


class Address(Struct):
    """One row of flyctl ips list; `kind` is v4, shared_v4, v6 or private_v6."""

    address: str = field(name="Address")
    kind: str = field(name="Type")
