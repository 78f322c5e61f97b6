"""The platform's records as nodes of the GraphQL schema.

A node is a dict. What costs something, or leads further, is a function in it, called only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flyctl_orchestrator.local.api.render import timestamp
from flyctl_orchestrator.local.core.model import (
    App,
    IpAssignment,
    Machine,
    Organization,
    Release,
    Secret,
    Token,
    Volume,
    VolumeSnapshot,
)
from flyctl_orchestrator.local.core.seams import ImageNotFound
from flyctl_orchestrator.local.platform import Platform

Node = dict[str, Any]
_EMPTY: Node = {"nodes": []}


class Nodes:
    """Makes nodes.

    Args:
        platform: whose records they show.
        app_url: the address of an app, by name.
    """

    def __init__(self, platform: Platform, app_url: Callable[[str], str]) -> None:
        self._platform = platform
        self._app_url = app_url

    def user(self, email: str) -> Node:
        """A person."""
        name = email.partition("@")[0]
        return {"__typename": "User", "id": f"user_{name}", "email": email, "name": name, "enablePaidHobby": False}

    def organization(self, org: Organization) -> Node:
        """An organization."""
        return {
            "id": org.id,
            "internalNumericId": str(org.numeric_id),
            "slug": org.slug,
            "rawSlug": org.slug,
            "name": org.name,
            "type": org.type,
            "paidPlan": True,
            "billable": True,
            "viewerRole": "admin",
            "billingStatus": "CURRENT",
            "addOnSsoLink": None,
            "provisionsBetaExtensions": False,
            "addOns": lambda info, type=None: _EMPTY,
            "limitedAccessTokens": lambda info: _nodes(self.token, self._platform.tokens.list()),
        }

    def app(self, app: App) -> Node:
        """An app."""
        platform, name = self._platform, app.name
        return {
            "id": app.id,
            "internalNumericId": app.numeric_id,
            "name": name,
            "hostname": f"{name}.localhost",
            "appUrl": lambda info: self._app_url(name),
            "cnameTarget": f"{name}.localhost",
            "network": None if app.network == "default" else app.network,
            "status": lambda info: platform.apps.status(app),
            "deployed": app.deployed,
            "version": lambda info: self._version(name),
            "platformVersion": "machines",
            "organization": lambda info: self.organization(platform.apps.organization),
            "role": None,
            "secrets": lambda info: [self._secret(secret) for secret in platform.secrets.list(name)],
            "config": lambda info: {"definition": self._definition(name)},
            "services": [],
            "currentRelease": lambda info: self._current(name),
            "currentReleaseUnprocessed": lambda info: self._current(name),
            "releasesUnprocessed": lambda info, first=None: _nodes(self.release, platform.releases.list(name)[:first]),
            "image": lambda info, ref: self.image(ref),
            "imageDetails": None,
            "machines": lambda info: _nodes(self.machine, platform.machines.list(name)),
            "ipAddresses": lambda info: self._addresses(name),
            "sharedIpAddress": lambda info: self._shared_address(name),
            "egressIpAddresses": _EMPTY,
            "limitedAccessTokens": lambda info: _nodes(self.token, platform.tokens.list(name)),
            "hostIssues": _EMPTY,
        }

    def _secret(self, secret: Secret) -> Node:
        return {"name": secret.name, "digest": secret.digest, "createdAt": timestamp(secret.created_at)}

    def _current(self, name: str) -> Node | None:
        release = self._platform.releases.current(name)
        return None if release is None else self.release(release)

    def _version(self, name: str) -> int:
        release = self._platform.releases.current(name)
        return 0 if release is None else release.version

    def _definition(self, name: str) -> Any:
        release = self._platform.releases.current(name)
        return None if release is None else release.definition

    def _addresses(self, name: str) -> Node:
        return _nodes(self.address, [one for one in self._platform.addresses.list(name) if not one.shared])

    def _shared_address(self, name: str) -> str | None:
        return next((one.ip for one in self._platform.addresses.list(name) if one.shared), None)

    def release(self, release: Release) -> Node:
        """A release."""
        return {
            "id": release.id,
            "version": release.version,
            "stable": release.status == "complete",
            "inProgress": release.in_progress,
            "status": release.status,
            "reason": release.reason,
            "description": release.description or "Release",
            "evaluationId": None,
            "imageRef": release.image_ref,
            "configDefinition": release.definition,
            "user": self.user(release.user) if release.user else None,
            "createdAt": timestamp(release.created_at),
        }

    def image(self, ref: str) -> Node | None:
        """What a reference stands for now; None when nothing was pushed under it.

        flyctl deploys `ref`, or `ref@digest`: so `digest` is left out when the reference is pinned already.
        """
        try:
            image = self._platform.images.resolve(ref)
        except ImageNotFound:
            return None
        return {
            "id": f"img_{image.digest.removeprefix('sha256:')[:16]}",
            "digest": None if "@" in ref else image.digest,
            "ref": ref,
            "compressedSizeFull": str(image.size_bytes),
            "manifest": None,
        }

    def machine(self, machine: Machine) -> Node:
        """A machine."""
        address = {"family": "v6", "kind": "privatenet", "ip": machine.private_ip, "maskSize": 112}
        return {
            "id": machine.id,
            "name": machine.name,
            "state": machine.state,
            "region": machine.region,
            "config": machine.config,
            "createdAt": timestamp(machine.created_at),
            "app": lambda info: self.app(self._platform.apps.get(machine.app)),
            "ips": {"nodes": [address]},
            "host": {"id": f"{machine.host:x}"},
            "egressIpAddresses": _EMPTY,
        }

    def address(self, address: IpAssignment) -> Node:
        """An IP address."""
        elsewhere = address.network not in ("", "default")
        return {
            "id": address.id,
            "address": address.ip,
            "type": address.type,
            "region": address.region,
            "createdAt": timestamp(address.created_at),
            "network": {"name": address.network, "organization": None} if elsewhere else None,
            "serviceName": address.service_name,
        }

    def token(self, token: Token) -> Node:
        """An access token; its worth is shown only by the mutation that makes it."""
        return {
            "id": token.id,
            "name": token.name,
            "token": None,
            "tokenHeader": None,
            "expiresAt": None if token.expires_at is None else timestamp(token.expires_at),
            "revokedAt": None if token.revoked_at is None else timestamp(token.revoked_at),
            "user": self.user(token.user),
        }

    def volume(self, volume: Volume) -> Node:
        """A volume."""
        return {
            "id": volume.id,
            "name": volume.name,
            "state": volume.state,
            "region": volume.region,
            "app": lambda info: self.app(self._platform.apps.get(volume.app)),
            "snapshots": lambda info: _nodes(self._snapshot, volume.snapshots),
        }

    def _snapshot(self, snapshot: VolumeSnapshot) -> Node:
        return {
            "id": snapshot.id,
            "size": str(snapshot.size),
            "digest": snapshot.digest,
            "createdAt": timestamp(snapshot.created_at),
            "retentionDays": snapshot.retention_days,
        }


def _nodes(make: Callable[[Any], Node], records: list[Any]) -> Node:
    return {"nodes": [make(record) for record in records]}
