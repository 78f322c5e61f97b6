"""Time lines of many days, as many as one file may hold."""

from __future__ import annotations

import json

from flyctl_orchestrator.report.html.timeline import Timeline

# Bytes of all time lines in one file.
MOST_BYTES = 8_000_000


class TimelinesOfDays:
    """Keeps those of days that do not end as they should first; of the others as many as there is room for.

    Args:
        most: bytes.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._left = most
        self._kept: dict[str, Timeline] = {}
        # Of days that end well, oldest first: they give way.
        self._spare: dict[str, int] = {}

    def add(self, day: str, timeline: Timeline, good: bool) -> None:
        """A day is over.

        Args:
            good: whether it ended as it should.
        """
        if not timeline.seen:
            return
        size = len(json.dumps(timeline.as_dict(), separators=(",", ":")))
        while not good and size > self._left and self._spare:
            name, freed = self._spare.popitem()
            del self._kept[name]
            self._left += freed
        if size > self._left:
            return
        self._left -= size
        self._kept[day] = timeline
        if good:
            self._spare[day] = size

    def kept(self) -> dict[str, Timeline]:
        """By the names of days, in their order."""
        return dict(self._kept)
