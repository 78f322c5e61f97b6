"""Tells whoever looks on of every request that the proxy has answered. While nobody looks on, it costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sighting:
    """One answered request.

    Attributes:
        edge: the region in which the client came in.
        hops: region and id of each machine that was reached; more than one when the request was replayed.
        status: of the answer.
        seconds: from the request's arrival to the head of its answer, the network's share included.
        place: latitude and longitude of a client that said so.
    """

    app: str
    edge: str
    method: str
    hops: tuple[tuple[str, str], ...]
    status: int
    seconds: float
    place: tuple[float, float] | None = None


class Sightings:
    """Those who look on; true while there are any."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[Sighting], None]] = []

    def __bool__(self) -> bool:
        return bool(self._watchers)

    def watch(self, watcher: Callable[[Sighting], None]) -> Callable[[], None]:
        """Call `watcher` with every answered request, until the returned function is called."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell(self, sighting: Sighting) -> None:
        """A request was answered."""
        for watcher in tuple(self._watchers):
            watcher(sighting)
