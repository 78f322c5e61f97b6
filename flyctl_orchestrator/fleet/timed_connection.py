"""HTTP connections on which a whole exchange has a deadline, and not only each piece of it.

A socket's timeout begins anew with every byte that arrives, so a server that sends one byte a second, in its headers or
in its body, holds a client for as long as it likes. Here every read of an answer is given what is left until the
deadline, from the first byte of the status line to the last one of the body.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from flyctl_orchestrator.environment import Clock


class Deadline:
    """When an exchange has to be over.

    Args:
        seconds: from now.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, more than 0.

        Raises:
            TimeoutError: it has passed.
        """
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time is over")
        return seconds

    def renew(self, seconds: float) -> None:
        """Move it to so many seconds from now."""
        self._until = self._clock.monotonic() + seconds


# The exchange that this thread is in; connections are made by libraries that hand nothing through.
_current: ContextVar[Deadline] = ContextVar("deadline")


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """Answers read in here, by this thread, end at a deadline."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


class _TimedReader(io.RawIOBase):
    """Reads a socket; every wait ends at the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        # The file keeps the socket open when the connection lets go of it before the answer was read.
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        count: int | None = self._file.readinto(buffer)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedSocket:
    """As much of a socket as an answer needs to be read from it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, _current.get()))


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **options)  # type: ignore[arg-type]


class _Connection(HTTPConnection):
    response_class = _TimedResponse

    def request(self, *args: Any, **options: Any) -> None:
        _time_sending(self.sock)
        super().request(*args, **options)


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse

    def request(self, *args: Any, **options: Any) -> None:
        _time_sending(self.sock)
        super().request(*args, **options)


def _time_sending(sock: socket.socket | None) -> None:
    """A connection that is used again still has the timeout of the last read on it."""
    if sock is not None:
        sock.settimeout(_current.get().left())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class TimedAdapter(HTTPAdapter):
    """Sends requests over connections whose answers end on time; use it `within` a deadline."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools for direct connections."""
        super().init_poolmanager(*args, **options)
        _timed(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The pools for connections through a proxy, whose own answers are timed, too."""
        manager = super().proxy_manager_for(proxy, **options)
        _timed(manager)
        return manager


def _timed(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
