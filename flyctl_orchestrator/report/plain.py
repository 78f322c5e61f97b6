"""Plain lines, for a pipe, a log file, or a terminal that can do no more."""

from __future__ import annotations

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.words import sentence


class PlainReporter:
    """Writes one line per event on stderr, each with the seconds since the first one.

    Attributes:
        verbose: also the lines of builds, flyctl, single steps and probes.
    """

    def __init__(self, output: Output, *, verbose: bool = False) -> None:
        self._output = output
        self.verbose = verbose
        self._since: float | None = None

    def event(self, event: Fact) -> None:
        """Say what happened, if it is worth a line."""
        if self._since is None:
            self._since = event.ts
        said = sentence(event)
        if said is None or (said.detail and not self.verbose):
            return
        self._output.say(self._line(said.text, said.tone, max(0.0, event.ts - self._since)))

    def close(self) -> None:
        """Nothing is left to do: every line is out already."""

    def _line(self, text: str, tone: Tone, elapsed: float) -> Line:
        style = self._output.side_style
        mark = {"good": style.good, "bad": style.bad, "warn": "!"}.get(tone, "")
        return Line.of(Span(f"{elapsed:6.1f}s  ", "quiet"), Span(f"{mark:<2} {text}".rstrip(), tone))
