"""How containers end, from the engine's one stream of events; and their output, from a stream each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import aiohttp

from flyctl_orchestrator.local.containers.engine import Engine, EngineError, filters, lines_of
from flyctl_orchestrator.local.core.seams import ExitInfo
from flyctl_orchestrator.local.runtime.children import Lines

_HEADER_BYTES = 8
# An engine that is being restarted is back after some seconds; after these tries its containers are given up.
_TRIES, _PAUSE_SECONDS = 20, 0.5
_KILLED = 137
_FIRST_SIGNAL, _LAST_SIGNAL = 128, 160


def exit_of(state: dict[str, Any], requested: bool) -> ExitInfo:
    """How a container ended.

    Args:
        state: `State` of an inspected container.

    A child that ran out of memory sets the engine's flag, too, while the app goes on: only a killed app is one.
    """
    code = int(state.get("ExitCode", 0))
    signal = code - _FIRST_SIGNAL if _FIRST_SIGNAL < code < _LAST_SIGNAL else None
    return ExitInfo(code, signal, requested, oom=bool(state.get("OOMKilled")) and code == _KILLED)


class Deaths:
    """Tells of each container that ended, once it was asked to.

    Args:
        engine: whose containers.
        label: the label that all of the platform's containers have.
        on_death: gets the container's id; called at least once for each.
        known: ids of the containers that should be running.
    """

    def __init__(
        self, engine: Engine, label: str, on_death: Callable[[str], None], known: Callable[[], list[str]]
    ) -> None:
        self._engine = engine
        self._label = label
        self._on_death = on_death
        self._known = known
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Watch from now on. Raises EngineError when the engine does not let."""
        if self._task is None:
            answer = await self._events()
            self._task = asyncio.create_task(self._watch(answer))

    async def end(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _events(self) -> aiohttp.ClientResponse:
        return await self._engine.stream("/events", filters(type=["container"], event=["die"], label=[self._label]))

    async def _watch(self, answer: aiohttp.ClientResponse | None) -> None:
        while answer is not None:
            with contextlib.closing(answer):
                async for event in lines_of(answer):
                    self._on_death(str(event.get("id") or (event.get("Actor") or {}).get("ID", "")))
            answer = await self._again()
            await self._look()
        for container_id in self._known():
            self._on_death(container_id)

    async def _again(self) -> aiohttp.ClientResponse | None:
        for _ in range(_TRIES):
            with contextlib.suppress(EngineError):
                return await self._events()
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    async def _look(self) -> None:
        """What ended while nobody watched."""
        for container_id in self._known():
            try:
                running = (await self._engine.container(container_id))["State"]["Running"]
            except EngineError:
                running = False
            if not running:
                self._on_death(container_id)


async def read_output(engine: Engine, container_id: str, on_line: Callable[[str], None]) -> None:
    """Hand on a container's output line by line until it ends. Output that cannot be had is no error of the machine."""
    lines = {stream: Lines(on_line) for stream in (1, 2)}
    try:
        answer = await engine.stream(f"/containers/{container_id}/logs", {"follow": "1", "stdout": "1", "stderr": "1"})
    except EngineError as problem:
        on_line(f"its output cannot be read: {problem}")
        return
    with contextlib.closing(answer), contextlib.suppress(aiohttp.ClientError, OSError, asyncio.IncompleteReadError):
        while True:
            header = await answer.content.readexactly(_HEADER_BYTES)
            piece = await answer.content.readexactly(int.from_bytes(header[4:], "big"))
            lines[2 if header[0] == 2 else 1].feed(piece)
    for output in lines.values():
        output.finish()
