"""gunicorn's threaded worker, with better manners: health never queues, and the end is orderly."""

from __future__ import annotations

import errno
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from habit_app.edge.health import PATH

_HEALTH = (f"GET {PATH} HTTP/1.".encode(), f"HEAD {PATH} HTTP/1.".encode())
_LONGEST_HEAD = 8192


class DrainingWorker(ThreadWorker):
    """Answers health on a thread of its own, however many requests wait for the others.

    On SIGTERM it turns health red, serves whoever is already at the door, and lets nobody new in. gunicorn's own worker
    stops looking at the door but leaves it open until its last request is done. Who comes in meanwhile waits there and
    is thrown out at the end; a proxy would rather be refused, and try another machine.
    """

    def init_process(self) -> None:
        """In the worker, before its first request."""
        self.health_pool = ThreadPoolExecutor(1, "health")
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take one connection. Only one that has said something gets a thread; the others are watched."""
        try:
            client, address = listener.accept()
        except OSError as problem:
            if problem.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                return
            raise
        self.nr_conns += 1
        connection = TConn(self.cfg, client, address, listener.getsockname())
        if _said(client):
            connection.data_ready = True
            self.enqueue_req(connection)
            return
        connection.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(connection)
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, connection))

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection that has something to read to a thread."""
        pool = self.health_pool if _asks_for_health(conn.sock) else self.tpool
        done = pool.submit(self.handle, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM."""
        app = getattr(self, "wsgi", None)
        if app is not None:
            app.extensions["habit_app"].drain.begin()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Called by gunicorn when it begins, pauses or ends taking connections."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_all(listener)
                listener.close()

    def _accept_all(self, listener: socket.socket) -> None:
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            # Does not block, and counts nothing when nobody is there.
            self.accept(listener)


def _said(client: socket.socket) -> bytes:
    """What can be read by now, left where it is; also for a connection that is closed or broken, nothing."""
    try:
        return client.recv(_LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return b""


def _asks_for_health(client: socket.socket) -> bool:
    """Whether a whole request for health is waiting to be read: half a one could keep its thread for ever."""
    said = _said(client)
    return said.startswith(_HEALTH) and b"\r\n\r\n" in said
