"""One JSON object per line, for programs."""

from __future__ import annotations

import json
from typing import TextIO

from flyctl_orchestrator.report.base import Fact


class JsonLinesReporter:
    """Writes every event as one line of JSON, at once.

    Args:
        stream: stdout as a rule; nothing else may write to it.
        people: where notes go, or None to drop them.
    """

    def __init__(self, stream: TextIO, people: TextIO | None = None) -> None:
        self._stream = stream
        self._people = people

    def event(self, event: Fact) -> None:
        """Write it."""
        self._stream.write(json.dumps(event.as_dict(), ensure_ascii=True, default=str) + "\n")
        self._stream.flush()

    def note(self, line: str) -> None:
        """To people, never into the JSON."""
        if self._people is not None:
            self._people.write(line + "\n")
            self._people.flush()

    def close(self) -> None:
        """Nothing is left to do."""
