"""What the page is told: the time line so far, made of the events as they come."""

from __future__ import annotations

import json
import threading
from typing import Any

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.report.html.page import SCHEMA, places_of
from flyctl_orchestrator.report.html.timeline import Fields, Timeline


class Feed:
    """Takes events in from one thread, and gives the whole time line to another one.

    Args:
        book: where regions are.

    Attributes:
        version: another number after each event.
        over: whether the last event was heard.
    """

    def __init__(self, book: RegionBook) -> None:
        self._book = book
        self._timeline = Timeline()
        self._lock = threading.Lock()
        self._made = (-1, "")
        self.version = 0
        self.over = False

    def see(self, event: Fields) -> None:
        """One more event, as a JSON object."""
        with self._lock:
            self._timeline.see(event)
            self.version += 1

    def end(self) -> None:
        """There will be no more."""
        with self._lock:
            self.over = True
            self.version += 1

    def told(self) -> tuple[int, str]:
        """The version, and the time line of that version as JSON; made once for however many pages."""
        with self._lock:
            if self._made[0] != self.version:
                self._made = (self.version, json.dumps(self._shown(), separators=(",", ":")))
            return self._made

    def _shown(self) -> dict[str, Any]:
        line = self._timeline
        run = line.as_dict() if line.seen else None
        return {"schema": SCHEMA, "run": run, "places": places_of(line.regions, self._book), "over": self.over}
