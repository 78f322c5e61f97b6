"""The platform's one connection to an engine: found when it is first needed, then kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from flyctl_orchestrator.local.containers.endpoint import find_engine
from flyctl_orchestrator.local.containers.engine import Engine
from flyctl_orchestrator.local.containers.names import Names, note_engine, noted_engine
from flyctl_orchestrator.local.containers.networks import Networks, gateway_of
from flyctl_orchestrator.local.containers.watching import Deaths

# Seconds; an engine that is needed is worth more patience than one that might be there.
NEEDED_SECONDS = 5.0


class Connection:
    """Gets the engine.

    Args:
        state: the platform's directory.
        environ: where the engine is looked for.
        on_death: gets the id of each container of the platform that ended.
        known: ids of the containers that should be running.

    Attributes:
        names: what things are called in the engine.
        engine: the engine, None before `get`.
        cpus: how many it has, once connected.
        gateway: this computer's address that containers call host.docker.internal, "" where the engine does not say.
        networks: of the engine, once connected.
        naming: held while an image gets its name, or loses it.
        wanted: whether the platform has an image of a digest.
        on_kept: told of each digest that the platform got.
    """

    def __init__(
        self,
        state: Path,
        environ: Mapping[str, str],
        on_death: Callable[[str], None],
        known: Callable[[], list[str]],
    ) -> None:
        self.names = Names(state)
        self.engine: Engine | None = None
        self.cpus = 1
        self.gateway = ""
        self.networks: Networks
        self._state = state
        self._environ = environ
        self._on_death = on_death
        self._known = known
        self._deaths: Deaths | None = None
        self._turn = asyncio.Lock()
        self.naming = asyncio.Lock()
        self.wanted: Callable[[str], bool] = lambda digest: False
        self.on_kept: Callable[[str], None] = lambda digest: None

    @property
    def open(self) -> bool:
        """Whether the engine was needed already."""
        return self.engine is not None

    @property
    def noted(self) -> bool:
        """Whether the platform of this directory ever used an engine."""
        return noted_engine(self._state) is not None

    async def get(self) -> Engine:
        """The engine, watched for the ends of containers.

        Raises:
            NoEngine: there is none.
            EngineError: it refuses.
        """
        async with self._turn:
            if self.engine is None:
                self.engine = await self._connect()
            return self.engine

    async def _connect(self) -> Engine:
        endpoint = await asyncio.to_thread(find_engine, self._environ, NEEDED_SECONDS)
        engine = Engine(endpoint)
        try:
            self.cpus = int((await engine.call("GET", "/info"))["NCPU"])
            self.gateway = await gateway_of(engine)
            deaths = Deaths(engine, self.names.label_filter, self._on_death, self._known)
            await deaths.begin()
            await asyncio.to_thread(note_engine, self._state, endpoint)
        except BaseException:
            await engine.close()
            raise
        self._deaths = deaths
        self.networks = Networks(engine, self.names)
        return engine

    async def tidy_networks(self, used: Callable[[], set[str]]) -> None:
        """Remove networks of the engine that are not used. Raises EngineError."""
        if self.engine is not None:
            await self.networks.tidy(used)

    async def drop_volume(self, volume_id: str) -> None:
        """Remove a volume's files. Raises NoEngine, EngineError."""
        await (await self.get()).gone(f"/volumes/{self.names.volume(volume_id)}", {"force": "1"})

    async def close(self) -> None:
        """Let go of the engine, after the last container and network."""
        if self.engine is None:
            return
        await self.networks.tidy(set)
        if self._deaths is not None:
            await self._deaths.end()
        await self.engine.close()
        self.engine = None
