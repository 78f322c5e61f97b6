"""gunicorn's threaded worker, with better manners at the end."""

from __future__ import annotations

import socket
from types import FrameType

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):
    """On SIGTERM: turns health red, serves whoever is already at the door, and lets nobody new in.

    gunicorn's own worker stops looking at the door but leaves it open until its last request is done. Who comes in
    meanwhile waits there and is thrown out at the end; a proxy would rather be refused, and try another machine.
    """

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
