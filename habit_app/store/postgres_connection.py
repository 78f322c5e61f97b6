"""A connection to Postgres that waits no longer than it is allowed to."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

R = TypeVar("R")

# How often a wait looks at the clock.
_LOOK_SECONDS = 0.05


class OutOfTime(psycopg.OperationalError):
    """The server did not answer in time; the connection is closed, since nobody knows what it is at."""


class TimedConnection(psycopg.Connection[Any]):
    """A connection with a deadline.

    No option of libpq limits how long an answer may take once it is connected: `tcp_user_timeout` notices a peer that
    does not acknowledge, but not a pooler that acknowledges and says nothing.
    """

    _until: float | None = None

    def allow(self, seconds: float) -> None:
        """From now on, all answers together may take `seconds`."""
        self._until = time.monotonic() + seconds

    def wait(self, gen: Generator[Any, Any, R], *args: Any, **kwargs: Any) -> R:
        """As psycopg's, until the deadline.

        Raises:
            OutOfTime: no answer by then.
        """
        if self._until is None:
            return super().wait(gen, *args, **kwargs)
        try:
            return super().wait(_limited(gen, self._until), _LOOK_SECONDS)
        except OutOfTime:
            self.close()
            raise


def _limited(steps: Generator[Any, Any, R], until: float) -> Generator[Any, Any, R]:
    """The same steps; whoever drives them reports regularly, also when nothing has happened."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() >= until:
                raise OutOfTime("no answer in time")
            wanted = steps.send(ready)
    except StopIteration as end:
        result: R = end.value
        return result
