"""Lets the local platform's page follow a rollout: sends its events there while a local platform runs, whatever the
target is. A rollout never waits for this and never notices when it fails.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.cli.local.client import ask, find_local
from flyctl_orchestrator.environment import Clock, Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.base import Fact

EVENTS = "/_local/events"
# Events that may wait to be sent; more are not kept.
MOST_WAITING = 5_000
MOST_AT_ONCE = 500
# Seconds between two batches, and how long the end of a command may wait for the last one.
PAUSE_SECONDS = 0.1
LAST_SECONDS = 1.0

Send = Callable[[list[dict[str, Any]]], None]


class Follower:
    """Sends events from a thread of its own, in batches, until one cannot be sent.

    Args:
        send: sends a batch; may raise anything, which ends it.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()

    def hear(self, event: Fact) -> None:
        """Something happened."""
        self.add(event.as_dict())

    def add(self, event: dict[str, Any]) -> None:
        """An event as one JSON object; dropped when too many wait already."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            pass

    def close(self) -> None:
        """Send what waits, for a second at most."""
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        while batch := self._batch():
            try:
                self._send(batch)
            except Exception:  # noqa: BLE001 - nobody may learn of it but by a page that stands still
                return
            self._closing.wait(PAUSE_SECONDS)

    def _batch(self) -> list[dict[str, Any]]:
        """What waits now, at least one event; empty at the end."""
        event = self._waiting.get()
        batch: list[dict[str, Any]] = []
        while event is not None:
            batch.append(event)
            if len(batch) == MOST_AT_ONCE or self._waiting.empty():
                return batch
            event = self._waiting.get()
        # The end was heard: what came before it is the last batch, and the next call gives none.
        self._waiting.put(None)
        return batch


@contextmanager
def followed(environment: Environment, app: str) -> Iterator[Callable[[Fact], None]]:
    """What to call with each event of a command, for as long as the block lasts; an error that ends it is told, too.

    Args:
        app: that it is about.
    """
    follower = Follower(_sender(environment))
    try:
        yield follower.hear
    except FlyoError as error:
        follower.add(told_error(error, environment.clock, app))
        raise
    finally:
        follower.close()


def told_error(error: FlyoError, clock: Clock, app: str) -> dict[str, Any]:
    """The event that an error which ends a command is, as one JSON object."""
    now = datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="milliseconds")
    told = {"code": error.code, "exit": int(error.exit), "where": error.where, "what": error.what}
    return {"schema": "flyo.event/1", "event": "error", "ts": now.replace("+00:00", "Z"), "app": app, **told}


def _sender(environment: Environment) -> Send:
    """Sends to the local platform that runs when the first batch is sent; looking for it is no wait of the command's.

    Raises (when called): LookupError when none runs, FlyoError when it does not take the events.
    """
    run = f"{environment.clock.now():.3f}-{environment.random.getrandbits(48):012x}"
    found: list[Any] = []

    def send(batch: list[dict[str, Any]]) -> None:
        if not found:
            running = find_local(environment)
            if running is None:
                raise LookupError("no local platform runs")
            found.append(running)
        ask(environment, found[0], "POST", EVENTS, {"run": run, "events": batch})

    return send
