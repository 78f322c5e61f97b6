"""Loopback ports for machines, below the range the system gives to outgoing connections."""

from __future__ import annotations

import socket

FIRST, LAST = 20_000, 32_000


class LoopbackPorts:
    """Hands out ports nobody listens on, each new one after the last, so that a port is not reused at once.

    Args:
        start: where to begin looking; daemons that begin apart seldom meet.
    """

    def __init__(self, start: int = FIRST) -> None:
        self._next = FIRST + (start - FIRST) % (LAST - FIRST)
        self._taken: set[int] = set()

    def take(self) -> int:
        """A free port. Raises OSError when none is left."""
        for _ in range(LAST - FIRST):
            port = self._next
            self._next = FIRST + (port + 1 - FIRST) % (LAST - FIRST)
            if port not in self._taken and _free(port):
                self._taken.add(port)
                return port
        raise OSError(f"no free port between {FIRST} and {LAST}")

    def give_back(self, port: int) -> None:
        """The port may be used again."""
        self._taken.discard(port)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
