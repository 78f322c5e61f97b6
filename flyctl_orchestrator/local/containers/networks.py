"""One network of the engine for each private network of Fly's: machines of two of them do not reach each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any

from flyctl_orchestrator.local.containers.engine import Engine, EngineError, filters
from flyctl_orchestrator.local.containers.names import Names

_CONFLICT = 409


async def gateway_of(engine: Engine) -> str:
    """The engine's own address in its default network, "" when it has none."""
    try:
        return _gateway(await engine.call("GET", "/networks/bridge"))
    except EngineError:
        return ""


def _gateway(network: Mapping[str, Any]) -> str:
    ranges = (network.get("IPAM") or {}).get("Config") or []
    addresses = [str(one.get("Gateway") or "").partition("/")[0] for one in ranges]
    return next((one for one in addresses if "." in one), "")


@dataclass(frozen=True)
class Made:
    """A network of the engine.

    Attributes:
        own_addresses: whether machines have their own addresses in it.
        gateway: the engine's address in it, "" when it is not known.
    """

    own_addresses: bool
    gateway: str


class Networks:
    """Makes networks when machines need them, and removes them when none does.

    Args:
        engine: where they are.
        names: what they are called.
    """

    def __init__(self, engine: Engine, names: Names) -> None:
        self._engine = engine
        self._names = names
        self._made: dict[str, Made] = {}
        self._turn = asyncio.Lock()

    async def ensure(self, network: str) -> Made:
        """Have the engine's network for one of Fly's.

        Raises:
            EngineError: it cannot be made, even without IPv6.
        """
        name = self._names.network(network)
        async with self._turn:
            if name not in self._made:
                await self._make(name, self._names.addresses(network))
                found = await self._engine.call("GET", f"/networks/{name}")
                self._made[name] = Made(bool(found.get("EnableIPv6")), _gateway(found))
            return self._made[name]

    async def _make(self, name: str, addresses: IPv6Network) -> None:
        body = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "Labels": self._names.labels}
        ours = {"EnableIPv6": True, "IPAM": {"Config": [{"Subnet": str(addresses)}]}}
        try:
            await self._engine.call("POST", "/networks/create", body={**body, **ours})
        except EngineError as problem:
            # An engine whose computer has no IPv6 says so in words of its own.
            if problem.status != _CONFLICT:
                await self._engine.call("POST", "/networks/create", body=body)

    async def tidy(self, used: Callable[[], set[str]]) -> None:
        """Remove the networks that no machine is in.

        Args:
            used: Fly's names of those that machines are in, or are about to be; asked when it is this one's turn.
        """
        async with self._turn:
            kept = {self._names.network(network) for network in used()}
            found = await self._engine.call("GET", "/networks", query=filters(label=[self._names.label_filter]))
            for network in found or []:
                if network["Name"] not in kept:
                    self._made.pop(network["Name"], None)
                    # One that is still in use by a container that is just going is removed the next time.
                    with contextlib.suppress(EngineError):
                        await self._engine.gone(f"/networks/{network['Id']}")
