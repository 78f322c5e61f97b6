"""A server that says to each request exactly the bytes it is given, so that it can say what no HTTP server would."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TLS_HELLO = b"\x16"
Conversation = Callable[[socket.socket, threading.Event], None]


@contextmanager
def server(talk: Conversation) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one connection after the other with `talk`; gives the port and the requests seen."""
    heard: list[bytes] = []
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                while request := _request(connection):
                    heard.append(request)
                    try:
                        talk(connection, over)
                    except OSError:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _request(connection: socket.socket) -> bytes:
    request = b""
    try:
        while b"\r\n\r\n" not in request or not _complete(request):
            received = connection.recv(65536)
            request += received
            if not received or request[:1] == TLS_HELLO:
                return request
    except OSError:
        pass
    return request


def _complete(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return len(body) >= (int(length[1]) if length else 0)


def say(*parts: bytes, pause: float = 0.0, hang_up: bool = False) -> Conversation:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        for part in parts:
            connection.sendall(part)
            over.wait(pause)
        if hang_up:
            connection.shutdown(socket.SHUT_RDWR)

    return talk
