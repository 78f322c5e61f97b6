"""Who may wait for the database: a few threads, and in an outage one, so that the others can serve what needs none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from habit_app.store.database import DatabaseBusy, DatabaseLocked, DatabaseUnavailable, DatabaseUnreachable

# Of the server's eight threads; the other two serve pages from memory and files.
MOST_WAITING = 6
# Work takes milliseconds. When nobody inside has finished for this long, nobody queues behind them any more.
STUCK_SECONDS = 0.25


class Circuit:
    """Closed: everybody may try. Open, after a failure: one at a time may, the prober, until one succeeds."""

    def __init__(self, name: str) -> None:
        """Closed; `name` says what for, in messages."""
        self._name = name
        self._lock = Lock()
        self._open = False
        self._probed = False

    @property
    def open(self) -> bool:
        """Whether the last attempt failed."""
        return self._open

    def admit(self) -> bool:
        """Let a thread try, and say whether it is the prober.

        Raises:
            DatabaseUnreachable: open, and somebody else is trying already.
        """
        with self._lock:
            if not self._open:
                return False
            if self._probed:
                raise DatabaseUnreachable(f"{self._name} failed last time and is being tried by another request")
            self._probed = True
            return True

    def leave(self, *, prober: bool, failed: bool | None) -> None:
        """A thread is done; `failed` None says that its attempt tells nothing about the database."""
        with self._lock:
            if prober:
                self._probed = False
            if failed is not None:
                self._open = failed


class Guard:
    """Limits the threads inside `reading` and `writing`, and stops trying what has just failed."""

    def __init__(self, most: int = MOST_WAITING, seconds: Callable[[], float] = time.monotonic) -> None:
        """Let `most` threads in at a time; `seconds` is a clock that only goes forward."""
        self._most = most
        self._seconds = seconds
        self._changed = Condition()
        self._inside = 0
        self._let_in = 0
        self._moved = 0.0
        self.reads, self.writes = Circuit("reading"), Circuit("writing")

    @property
    def waiting(self) -> int:
        """Threads inside now."""
        return self._inside

    @property
    def let_in(self) -> int:
        """Pieces of work that got to the database since the start."""
        return self._let_in

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Room for a piece of work that reads.

        Raises:
            DatabaseUnavailable: no room, or reading is known to fail.
        """
        with self._in(self.reads):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Room for a piece of work that writes.

        A lock held by somebody else stops writers only; a database nobody can reach stops both.

        Raises:
            DatabaseUnavailable: no room, or writing is known to fail.
        """
        with self._in(self.writes):
            yield

    @contextmanager
    def _in(self, circuit: Circuit) -> Iterator[None]:
        prober = circuit.admit()
        failed: bool | None = None
        try:
            with self._room():
                try:
                    yield
                    failed = False
                except (DatabaseUnreachable, DatabaseLocked):
                    failed = True
                    raise
                except DatabaseUnavailable:
                    raise  # an answer of a kind: it neither opens nor closes anything
                except Exception:
                    failed = False
                    raise
        finally:
            circuit.leave(prober=prober, failed=failed)

    @contextmanager
    def _room(self) -> Iterator[None]:
        with self._changed:
            while self._inside >= self._most:
                patience = self._moved + STUCK_SECONDS - self._seconds()
                if patience <= 0:
                    raise DatabaseBusy(f"{self._most} requests are waiting for the database already")
                self._changed.wait(patience)
            self._inside += 1
            self._let_in += 1
            # What came in last is what the others were last seen to let in.
            self._moved = self._seconds()
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._moved = self._seconds()
                self._changed.notify()
