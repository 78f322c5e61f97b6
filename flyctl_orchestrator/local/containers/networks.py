"""One network of the engine for each private network of Fly's: machines of two of them do not reach each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from ipaddress import IPv6Network

from flyctl_orchestrator.local.containers.engine import Engine, EngineError, filters
from flyctl_orchestrator.local.containers.names import Names

_CONFLICT = 409


async def gateway_of(engine: Engine) -> str:
    """The engine's own address in its default network, "" when it has none."""
    try:
        found = await engine.call("GET", "/networks/bridge")
        addresses = [one.get("Gateway") or "" for one in found["IPAM"]["Config"]]
    except (EngineError, KeyError, TypeError):
        return ""
    return next((one for one in addresses if "." in one), "")


class Networks:
    """Makes networks when machines need them, and removes them when none does.

    Args:
        engine: where they are.
        names: what they are called.
    """

    def __init__(self, engine: Engine, names: Names) -> None:
        self._engine = engine
        self._names = names
        # Whether each has IPv6.
        self._made: dict[str, bool] = {}
        self._turn = asyncio.Lock()

    async def ensure(self, network: str) -> bool:
        """Have the engine's network for one of Fly's; whether machines have their own addresses in it.

        Raises:
            EngineError: it cannot be made, even without IPv6.
        """
        name = self._names.network(network)
        async with self._turn:
            if name not in self._made:
                self._made[name] = await self._make(name, self._names.addresses(network))
            return self._made[name]

    async def _make(self, name: str, addresses: IPv6Network) -> bool:
        body = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "Labels": self._names.labels}
        ours = {"EnableIPv6": True, "IPAM": {"Config": [{"Subnet": str(addresses)}]}}
        try:
            await self._engine.call("POST", "/networks/create", body={**body, **ours})
        except EngineError as problem:
            if problem.status == _CONFLICT:
                found = await self._engine.call("GET", f"/networks/{name}")
                return bool(found.get("EnableIPv6"))
        else:
            return True
        # An engine whose computer has no IPv6 says so in words of its own.
        await self._engine.call("POST", "/networks/create", body=body)
        return False

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
