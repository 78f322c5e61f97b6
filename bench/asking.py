"""A client that is faster than what it measures: kept connections, one thread, little work for each answer."""

from __future__ import annotations

import os
import re
import selectors
import socket
import time
from pathlib import Path

CONNECTIONS = 8
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Link:
    """One kept connection that asks for the same page again and again."""

    def __init__(self, port: int, cookie: str = "", path: str = "/dashboard") -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        self._data = b""

    def ask(self) -> tuple[bytes, bytes]:
        """Head and body of one answer."""
        self.send()
        while not (found := self.read()):
            pass
        return found

    def send(self) -> None:
        """Ask."""
        self.socket.sendall(self.request)

    def read(self) -> tuple[bytes, bytes] | None:
        """What has come by now: head and body, or None when that is not all of it yet."""
        more = self.socket.recv(1 << 18)
        if not more:
            raise ConnectionError("the server hung up")
        self._data += more
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or not length:
            raise ConnectionError(head.decode("latin-1"))
        if len(body) < int(length[1]):
            return None
        self._data = b""
        return head, body


def work(pid: int, port: int, cookie: str, seconds: float) -> float:
    """Answers in a second of a server's own processor time, when it is kept busy for so long.

    That is what one core gives when it does nothing else; other programs on this computer do not change it much.
    """
    before = processor(pid)
    count, _ = answers(port, cookie, seconds)
    return count / (processor(pid) - before)


def processor(pid: int) -> float:
    """Seconds of processor time that a process and those below it have used."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def processes(pid: int) -> list[int]:
    """A process, its children and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in processes(int(child)))]


def answers(port: int, cookie: str, seconds: float, connections: int = CONNECTIONS) -> tuple[int, float]:
    """The number of answers, and the seconds that they took together."""
    links = [Link(port, cookie) for _ in range(connections)]
    count = 0
    with selectors.DefaultSelector() as ready:
        for link in links:
            ready.register(link.socket, selectors.EVENT_READ, link)
            link.send()
        started = time.monotonic()
        until = started + seconds
        while time.monotonic() < until:
            for key, _ in ready.select(1):
                if key.data.read():
                    count += 1
                    key.data.send()
        spent = time.monotonic() - started
    for link in links:
        link.socket.close()
    return count, spent
