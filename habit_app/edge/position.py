"""Own writes in a region that reads a copy of the database: wait until the copy has them, or read where they are.

LiteFS keeps a file beside the database that says how far this machine's copy has come: the number of the last
transaction in it, and a checksum. The answer to a write carries that number in the revision cookie. A machine whose
copy is behind the cookie waits a moment, and then has the request played in the primary region.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import BoundedSemaphore

from habit_app.edge.replay import ALWAYS_HERE, READS, Environ, StartResponse, WsgiApp

log = logging.getLogger("habit_app")

# Changes arrive as fast as the answer that tells of them, give or take what a transaction takes to be written.
WAIT_SECONDS = 0.5
# A look at the file takes far less than this.
PAUSE_SECONDS = 0.01
# Of the server's eight threads; the others go on serving who needs not wait.
MOST_WAITING = 6
_WRITTEN = re.compile(r"([0-9a-f]{16})/[0-9a-f]{16}\n", re.ASCII)


class PositionUnknown(Exception):
    """The file does not say how far the copy has come."""


class PositionFile:
    """The `-pos` file that LiteFS shows beside a database."""

    def __init__(self, database: Path) -> None:
        """Of the database in the file `database`."""
        self.path = database.with_name(f"{database.name}-pos")

    def read(self) -> int:
        """The number of the last transaction; it goes up by one with each.

        Raises:
            PositionUnknown: no file, or nothing that LiteFS writes.
        """
        try:
            text = self.path.read_text("ascii", errors="replace")
        except OSError as problem:
            raise PositionUnknown(f"{self.path} cannot be read: {problem.strerror}") from None
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise PositionUnknown(f"{self.path} holds no position: {text[:40]!r}")
        return int(found[1], 16)

    def reached(self) -> int:
        """The same for the answer to a write, which has happened: what is not known is a line in the log, and 0."""
        try:
            return self.read()
        except PositionUnknown as problem:
            log.error("cannot tell the browser which change to wait for: %s", problem)
            return 0


class WaitForOwnWrites:
    """WSGI middleware for a machine that reads a copy: nobody is shown data from before a change of their own."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        wanted: Callable[[Environ], int],
        position: PositionFile,
        otherwise: WsgiApp,
        always_here: tuple[str, ...] = ALWAYS_HERE,
        most_waiting: int = MOST_WAITING,
        seconds: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wrap `app`.

        Args:
            wanted: the position that a request's client has seen; 0 for none.
            position: how far the copy is.
            otherwise: is asked where the copy stays behind.
            always_here: what these paths begin with shows nobody's data.
            most_waiting: requests that wait at a time; further ones go on to `otherwise`.
            seconds: a clock that only goes forward.
            pause: waits so many seconds.
        """
        self.app = app
        self.wanted = wanted
        self.position = position
        self.otherwise = otherwise
        self.always_here = always_here
        self._room = BoundedSemaphore(most_waiting)
        self._seconds = seconds
        self._pause = pause

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Hand on to the app once the copy is new enough; otherwise to where the data is."""
        if environ["REQUEST_METHOD"] not in READS or environ["PATH_INFO"].startswith(self.always_here):
            return self.app(environ, start_response)
        # A program with a token keeps no cookies, so nobody knows what it has seen.
        if "HTTP_AUTHORIZATION" in environ or not self._has(self.wanted(environ)):
            return self.otherwise(environ, start_response)
        return self.app(environ, start_response)

    def _has(self, wanted: int) -> bool:
        """Whether the copy has transaction `wanted`, now or in a moment."""
        if not wanted:
            return True
        try:
            if self.position.read() >= wanted:
                return True
            if not self._room.acquire(blocking=False):
                return False
            try:
                return self._waited(wanted)
            finally:
                self._room.release()
        except PositionUnknown as problem:
            log.error("cannot tell how new this copy is: %s", problem)
            return False

    def _waited(self, wanted: int) -> bool:
        end = self._seconds() + WAIT_SECONDS
        while self._seconds() < end:
            self._pause(PAUSE_SECONDS)
            if self.position.read() >= wanted:
                return True
        return False
