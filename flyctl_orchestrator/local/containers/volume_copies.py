"""Copies of volumes in an engine: their files go from one to another through a container that never starts."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from flyctl_orchestrator.local.containers.connection import Connection
from flyctl_orchestrator.local.containers.endpoint import NoEngine
from flyctl_orchestrator.local.containers.engine import Engine, EngineError

_FROM, _TO = "/from", "/to"


class VolumeCopies:
    """Copies volumes.

    Args:
        loop: the daemon's event loop.
        connection: to the engine.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        self._loop = loop
        self._connection = connection
        self._copying: dict[str, asyncio.Task[None]] = {}
        # They share an image that is there while one of them works.
        self._turn = asyncio.Lock()

    def copy(self, source: str, target: str, done: Callable[[int | None], None]) -> None:
        """Make `target` a copy of `source`, both as the platform calls them; at once if nobody waits for them.

        Args:
            done: gets the bytes that were copied, None when the engine refused.
        """
        task = self._loop.create_task(self._told(source, target, done))
        self._copying[target] = task
        task.add_done_callback(lambda _: self._copying.pop(target, None))

    async def finished(self, volume_id: str) -> None:
        """Wait until a volume has all its files."""
        task = self._copying.get(volume_id)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Wait for what is being copied."""
        await asyncio.gather(*self._copying.values(), return_exceptions=True)

    async def _told(self, source: str, target: str, done: Callable[[int | None], None]) -> None:
        size: int | None = None
        try:
            # A copy of a copy that is just being made.
            await self.finished(source)
            engine = await self._connection.get()
            async with self._turn:
                size = await self._copied(engine, source, target)
        except (EngineError, NoEngine, OSError):
            await _quietly(self._connection.drop_volume(target))
        finally:
            done(size)

    async def _copied(self, engine: Engine, source: str, target: str) -> int:
        names = self._connection.names
        image = names.empty_image
        repository, _, tag = image.partition(":")
        await engine.call("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}", data=_nothing())
        mounts = [
            {
                "Type": "volume",
                "Source": names.volume(one),
                "Target": place,
                "VolumeOptions": {"NoCopy": True, "Labels": names.labels},
            }
            for one, place in ((source, _FROM), (target, _TO))
        ]
        body = {"Image": image, "Cmd": ["-"], "Labels": names.labels, "HostConfig": {"Mounts": mounts}}
        container = (await engine.call("POST", "/containers/create", body=body))["Id"]
        try:
            archive = f"/containers/{container}/archive?path="
            return await engine.pour(f"{archive}{quote(_FROM + '/.')}", f"{archive}{quote(_TO)}")
        finally:
            await _quietly(engine.remove(container))
            await _quietly(engine.gone(f"/images/{image}"))


def _nothing() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w"):
        pass
    return content.getvalue()


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (EngineError, NoEngine):
        return
