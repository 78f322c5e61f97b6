"""Resolvers of the root fields: what a query starts from, and what the mutations do."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.base.duration import seconds as duration_seconds
from flyctl_orchestrator.local.base.errors import not_found
from flyctl_orchestrator.local.base.regions import NEAREST, REGIONS, Region
from flyctl_orchestrator.local.graphql.nodes import Node, Nodes
from flyctl_orchestrator.local.platform import Platform

_MOST_APPS = 200
_KEY_BYTES = 32


class Query:
    """Fields of the schema's `Query`."""

    def __init__(self, platform: Platform, nodes: Nodes, user: str) -> None:
        self._platform = platform
        self._nodes = nodes
        self._user = user

    def viewer(self, info: Any) -> Node:
        """Whoever's token it is."""
        return self._nodes.user(self._user)

    def organizations(self, info: Any, admin: bool = False) -> Node:
        """The one there is."""
        return {"nodes": [self._nodes.organization(self._platform.apps.organization)]}

    def organization(self, info: Any, slug: str) -> Node:
        """By slug. Raises PlatformError 404."""
        return self._nodes.organization(self._platform.apps.organization_of(slug))

    def app(self, info: Any, name: str) -> Node:
        """By name. Raises PlatformError 404."""
        return self._nodes.app(self._platform.apps.get(name))

    def apps(
        self,
        info: Any,
        type: str | None = None,
        first: int | None = None,
        after: str | None = None,
        organizationId: str | None = None,
        role: str | None = None,
    ) -> Node:
        """One page, oldest first; the cursor is the last app's id."""
        own = self._platform.apps.organization.id
        every = self._platform.apps.list() if organizationId in (None, own) and not role else []
        ids = [app.id for app in every]
        begin = ids.index(after) + 1 if after in ids else 0
        page = every[begin : begin + (first or _MOST_APPS)]
        more = begin + len(page) < len(every)
        return {
            "pageInfo": {"hasNextPage": more, "endCursor": page[-1].id if page else None},
            "nodes": [self._nodes.app(app) for app in page],
        }

    def machine(self, info: Any, machineId: str) -> Node:
        """By id alone. Raises PlatformError 404."""
        machine = self._platform.machines.find(machineId)
        if machine is None:
            raise not_found(f"machine not found: {machineId}")
        return self._nodes.machine(machine)

    def volume(self, info: Any, id: str) -> Node:
        """By id alone. Raises PlatformError 404."""
        for app in self._platform.apps.list():
            for volume in self._platform.volumes.list(app.name):
                if volume.id == id:
                    return self._nodes.volume(volume)
        raise not_found(f"volume not found: {id}")

    def latestImageDetails(self, info: Any, image: str, flyVersion: str | None = None) -> Node:
        """Newer versions exist only of Fly's own images, and the local platform has none of them."""
        raise not_found(f"Unknown repository: {image}")

    def canPerformBluegreenDeployment(self, info: Any, name: str) -> bool:
        """Always. Raises PlatformError 404 for an unknown app."""
        return bool(self._platform.apps.get(name))

    def nearestRegion(self, info: Any, wireguardGateway: bool | None = None) -> Node:
        """The region a client without a place is taken to be in."""
        return _region(REGIONS[NEAREST])

    def platform(self, info: Any) -> Node:
        """The regions, as flyctl wants them before it creates a volume."""
        return {"requestRegion": NEAREST, "regions": [_region(region) for region in REGIONS.values()]}


def _region(region: Region) -> Node:
    return {
        "code": region.code,
        "name": region.name,
        "latitude": region.latitude,
        "longitude": region.longitude,
        "gatewayAvailable": region.gateway,
        "requiresPaidPlan": False,
        "deprecated": region.deprecated,
    }


class Mutation:
    """Fields of the schema's `Mutation`."""

    def __init__(self, platform: Platform, nodes: Nodes) -> None:
        self._platform = platform
        self._nodes = nodes

    def _app_name(self, reference: str) -> str:
        app = self._platform.apps.find(reference)
        if app is None:
            raise not_found(f"Could not find App {reference!r}")
        return app.name

    def allocateIpAddress(self, info: Any, input: dict[str, Any]) -> Node:
        """A new address. Raises PlatformError 404 or 400."""
        name = self._app_name(input["appId"])
        more = {"region": "region", "network": "network", "serviceName": "service_name"}
        asked = {ours: input.get(theirs) or "" for theirs, ours in more.items()}
        address = self._platform.addresses.allocate(name, input["type"], **asked)
        shown = None if address.shared else self._nodes.address(address)
        return {"app": self._nodes.app(self._platform.apps.get(name)), "ipAddress": shown}

    def releaseIpAddress(self, info: Any, input: dict[str, Any]) -> Node:
        """Give an address back. Raises PlatformError 404."""
        name = self._app_name(input.get("appId") or "")
        self._platform.addresses.release(name, input.get("ip") or "")
        return {"clientMutationId": None, "app": self._nodes.app(self._platform.apps.get(name))}

    def setSecrets(self, info: Any, input: dict[str, Any]) -> Node:
        """Set secrets, as the only ones when `replaceAll`. Raises PlatformError 404 or 400."""
        name = self._app_name(input["appId"])
        values: dict[str, str | None] = {one["key"]: one["value"] for one in input["secrets"]}
        if input.get("replaceAll"):
            values = {**{secret.name: None for secret in self._platform.secrets.list(name)}, **values}
        return self._secrets_changed(name, values, input)

    def unsetSecrets(self, info: Any, input: dict[str, Any]) -> Node:
        """Remove secrets. Raises PlatformError 404 or 400."""
        return self._secrets_changed(self._app_name(input["appId"]), dict.fromkeys(input["keys"]), input)

    def _secrets_changed(self, name: str, values: Mapping[str, str | None], input: dict[str, Any]) -> Node:
        self._platform.secrets.change(name, values)
        app = self._nodes.app(self._platform.apps.get(name))
        return {"clientMutationId": input.get("clientMutationId"), "app": app, "release": None}

    def createLimitedAccessToken(self, info: Any, input: dict[str, Any]) -> Node:
        """A token; limited to one app when `profileParams.app_id` names it. Raises PlatformError 404 or 400."""
        reference = (input.get("profileParams") or {}).get("app_id")
        app = None if reference is None else self._app_name(str(reference))
        expiry = input.get("expiry")
        seconds = duration_seconds(expiry, 0.0, "expiry") if expiry else None
        token = self._platform.tokens.create(input["name"], app=app, profile=input["profile"], seconds=seconds)
        shown = self._nodes.token(token) | {"token": token.token, "tokenHeader": f"FlyV1 {token.token}"}
        return {"limitedAccessToken": shown}

    def deleteLimitedAccessToken(self, info: Any, input: dict[str, Any]) -> Node:
        """Revoke a token by its id. Raises PlatformError 404."""
        self._platform.tokens.revoke(input.get("id") or "")
        return {"token": None}

    def addWireGuardPeer(self, info: Any, input: dict[str, Any]) -> Node:
        """An address and a gateway that leads nowhere: there is no private network here, and nothing listens.

        flyctl wants a peer before it restarts an app, without sending anything through it.
        """
        random = self._platform.kernel.random
        address = f"fdaa:0:1:a7b:{random.getrandbits(16):x}:0:a:{random.getrandbits(16):x}"
        key = base64.b64encode(random.randbytes(_KEY_BYTES)).decode()
        return {"peerip": address, "endpointip": "127.0.0.1", "pubkey": key}

    def validateWireGuardPeers(self, info: Any, input: dict[str, Any]) -> Node:
        """Peers are not kept, so none is known to be invalid."""
        return {"invalidPeerIps": []}
