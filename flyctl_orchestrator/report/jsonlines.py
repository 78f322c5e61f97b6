"""One JSON object per line, for programs."""

from __future__ import annotations

import json
from typing import TextIO

from flyctl_orchestrator.report.base import Fact


class JsonLinesReporter:
    """Writes every event as one line of JSON, at once.

    Args:
        stream: stdout as a rule; nothing else may write to it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def event(self, event: Fact) -> None:
        """Write it."""
        self._stream.write(json.dumps(event.as_dict(), ensure_ascii=True, default=str) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing is left to do."""
