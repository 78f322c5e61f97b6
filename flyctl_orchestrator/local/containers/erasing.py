"""Removes what the platform needs no more from its engine: volumes and images, once no container uses them.

What is to go is noted on disk until it is gone. A daemon that ends before leaves the rest to `left_behind`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.containers.connection import Connection
from flyctl_orchestrator.local.containers.engine import EngineError
from flyctl_orchestrator.local.containers.names import note_erasures, noted_erasures

_GONE, _IN_USE = 404, 409


class Erasing:
    """Removes volumes and images. Harmless where no engine was ever used.

    Args:
        state: the platform's directory.
        connection: to the engine.
        once_ended: has something done when the containers that are about to go are gone.
    """

    def __init__(
        self, state: Path, connection: Connection, once_ended: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._state = state
        self._connection = connection
        self._once_ended = once_ended
        self._noted = dict.fromkeys(noted_erasures(state))

    def volume(self, volume_id: str) -> None:
        """A volume is gone: so are its files in the engine."""
        self._erase(f"/volumes/{self._connection.names.volume(volume_id)}?force=1", lambda: True)

    def image(self, digest: str) -> None:
        """The platform needs an image no more, unless it is built again meanwhile (`keep`)."""
        self._erase(self._image(digest), lambda: not self._connection.wanted(digest))

    def pulled(self, name: str, forgotten: Callable[[], bool]) -> None:
        """The platform's registry has an image no more, `HOST:PORT/APP@sha256:…`.

        Args:
            forgotten: whether that is still so, since it may be pushed again meanwhile.
        """
        self._erase(f"/images/{name}", forgotten)

    def keep(self, digest: str) -> None:
        """An image that was to go was built again."""
        self._forget(self._image(digest))

    def _image(self, digest: str) -> str:
        return f"/images/{self._connection.names.image(digest)}"

    def _erase(self, path: str, still: Callable[[], bool]) -> None:
        if self._connection.open or self._connection.noted:
            self._noted[path] = None
            note_erasures(self._state, self._noted)
            self._once_ended(self._remove(path, still))

    async def _remove(self, path: str, still: Callable[[], bool]) -> None:
        engine = await self._connection.get()
        async with self._connection.naming:
            try:
                if still():
                    await engine.call("DELETE", path)
            except EngineError as problem:
                if problem.status == _IN_USE:
                    return
                if problem.status != _GONE:
                    raise
            self._forget(path)

    def _forget(self, path: str) -> None:
        if path in self._noted:
            del self._noted[path]
            note_erasures(self._state, self._noted)
