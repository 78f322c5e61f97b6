"""A line for a person, as pieces of text each in its tone. Which characters that takes is for `Style` to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "bad", "warn", "quiet", "strong"]


@dataclass(frozen=True)
class Span:
    """A piece of text, and the tone it is shown in where colours are wanted. Text never holds colours of its own."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Line:
    """One line; `str` of it is its text."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *parts: str | Span | Line) -> Line:
        """The parts one after the other."""
        spans: list[Span] = []
        for part in parts:
            spans += part.spans if isinstance(part, Line) else [Span(part) if isinstance(part, str) else part]
        return cls(tuple(spans))

    def __str__(self) -> str:
        return "".join(span.text for span in self.spans)
