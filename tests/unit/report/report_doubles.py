"""Streams and events for the reporters' tests."""

from __future__ import annotations

import io
from typing import Any

from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.context.events import Event

PLAIN = Style(unicode=True)
ASCII = Style()
COLOUR = Style(terminal=True, colour=True, unicode=True, live=True)


class Terminal(io.StringIO):
    """A stream that says it is a terminal, in an encoding of the test's choice."""

    def __init__(self, encoding: str = "utf-8", tty: bool = True) -> None:
        super().__init__()
        self._encoding, self._tty = encoding, tty

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in the stubs
        return self._encoding

    def isatty(self) -> bool:
        super().isatty()  # a closed stream refuses
        return self._tty


class StillClock:
    """Time that a test sets."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def output_to(stream: Terminal, **variables: str) -> Output:
    """An exit whose both streams are the same, so that a test sees the order of what is written."""
    return Output(stream, stream, variables)


def pipe(encoding: str = "utf-8") -> Terminal:
    """A stream that is no terminal."""
    return Terminal(encoding, tty=False)


def event(name: str, ts: float = 1000.0, /, **fields: Any) -> Event:
    return Event(name, ts, "web", fields)
