"""One JSON object per line, for programs."""

from __future__ import annotations

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.output import Output


class JsonLinesReporter:
    """Writes every event as one line of JSON on stdout, at once; nothing else may write there."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def event(self, event: Fact) -> None:
        """Write the event as one line, and have it out at once."""
        self._output.record(event.as_dict())

    def close(self) -> None:
        """Nothing is left to do: every line is out already."""
