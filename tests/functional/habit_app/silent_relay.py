"""A relay in front of a server that can fall silent, as a network does that swallows what is sent into it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit


class Relay:
    """Passes bytes on between its port and a server's, until it is told not to.

    Attributes:
        port: where it listens, on loopback.
    """

    def __init__(self, host: str, port: int) -> None:
        """In front of the server at `host` and `port`."""
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        # One for each generation of connections: set while they are silent.
        self._silent = Event()
        self._open: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Every connection stays open, and new ones are let in; nothing passes any more."""
        self._silent.set()

    def forget(self) -> None:
        """The connections there are stay silent for good; new ones pass."""
        self._silent.set()
        self._silent = Event()

    def close(self) -> None:
        """Close every connection."""
        self._listener.close()
        for connection in self._open:
            connection.close()

    def url(self, url: str) -> str:
        """`url` of the server behind it, led through the relay."""
        parts = urlsplit(url)
        account = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self.port}"))

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    Thread(target=_pass, args=(source, target, self._silent), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket, silent: Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if not silent.is_set():
                target.sendall(data)
        if not silent.is_set():
            target.shutdown(socket.SHUT_WR)


@contextmanager
def relay_to(url: str) -> Iterator[Relay]:
    """A relay in front of the server of `url`, for as long as the block lasts."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    relay = Relay(parts.hostname, parts.port)
    try:
        yield relay
    finally:
        relay.close()
