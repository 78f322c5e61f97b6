"""Plain lines, for a pipe, a log file, or a terminal that can do no more."""

from __future__ import annotations

from typing import TextIO

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.style import Style, Tone
from flyctl_orchestrator.report.words import sentence


class PlainReporter:
    """Writes one line per event, each with the seconds since the first one.

    Attributes:
        verbose: also the lines of builds, flyctl, single steps and probes.
    """

    def __init__(self, stream: TextIO, style: Style, *, verbose: bool = False) -> None:
        self._stream = stream
        self._style = style
        self.verbose = verbose
        self._since: float | None = None

    def event(self, event: Fact) -> None:
        """Say what happened, if it is worth a line."""
        if self._since is None:
            self._since = event.ts
        said = sentence(event)
        if said is None or (said.detail and not self.verbose):
            return
        self._write(self._line(said.text, said.tone, max(0.0, event.ts - self._since)))

    def close(self) -> None:
        """Nothing is left to do."""

    def _line(self, text: str, tone: Tone, elapsed: float) -> str:
        marks = {"good": self._style.good, "bad": self._style.bad, "warn": "!"}
        mark = marks.get(tone, "")
        start = f"{elapsed:6.1f}s  "
        return self._style.paint(start, "quiet") + self._style.paint(f"{mark:<2} {self._style.fit(text)}", tone)

    def _write(self, line: str) -> None:
        self._stream.write(line.rstrip() + "\n")
        self._stream.flush()
