"""One network of the engine for each private network of Fly's: machines of two of them do not reach each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from flyctl_orchestrator.local.containers.engine import Engine, EngineError, filters
from flyctl_orchestrator.local.containers.names import Names

_CONFLICT = 409


class Networks:
    """Makes networks when machines need them, and removes them when none does.

    Args:
        engine: where they are.
        names: what they are called.
    """

    def __init__(self, engine: Engine, names: Names) -> None:
        self._engine = engine
        self._names = names
        self._made: set[str] = set()
        self._turn = asyncio.Lock()

    async def ensure(self, network: str) -> None:
        """Have the engine's network for one of Fly's. Raises EngineError."""
        name = self._names.network(network)
        async with self._turn:
            if name in self._made:
                return
            body = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "Labels": self._names.labels}
            try:
                await self._engine.call("POST", "/networks/create", body=body)
            except EngineError as problem:
                if problem.status != _CONFLICT:
                    raise
            self._made.add(name)

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
                    self._made.discard(network["Name"])
                    # One that is still in use by a container that is just going is removed the next time.
                    with contextlib.suppress(EngineError):
                        await self._engine.gone(f"/networks/{network['Id']}")
