"""What a stream can show: colours, and characters beyond ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from flyctl_orchestrator.report.clean import begins_command, clean, unmarked
from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.variables import is_on

ANSI: dict[Tone, str] = {"plain": "", "good": "32", "bad": "31", "warn": "33", "quiet": "2", "strong": "1"}
# What stands for our own signs where a stream can show ASCII alone.
PLAIN = {"·": "-", "…": "...", "→": "->", "✓": "ok", "✗": "x", "–": "-", "×": "x", "±": "+-", "−": "-"}


@dataclass(frozen=True)
class Style:
    """How to write on one stream.

    Attributes:
        terminal: whether a person looks at it.
        colour: whether it may be coloured (NO_COLOR, TERM=dumb and pipes say no; FORCE_COLOR says yes).
        unicode: whether it can show characters beyond ASCII.
        live: whether lines can be rewritten in place.
        spoken: whether it is read aloud: a table is a line per row that names each value, and no sign stands alone.
    """

    terminal: bool = False
    colour: bool = False
    unicode: bool = False
    live: bool = False
    spoken: bool = False

    @classmethod
    def of(cls, stream: TextIO, variables: Mapping[str, str]) -> Style:
        """What `stream` can show, given the environment."""
        terminal = _is_terminal(stream)
        dumb = variables.get("TERM", "") in ("dumb", "")
        forced = variables.get("FORCE_COLOR", "") not in ("", "0")
        colour = not variables.get("NO_COLOR") and (forced or (terminal and not dumb))
        spoken = is_on(variables, "FLYO_PLAIN")
        return cls(terminal, colour, _can_show(stream, "✓✗·…"), terminal and not dumb and not spoken, spoken)

    @property
    def good(self) -> str:
        """The mark of success."""
        return "✓" if self.unicode and not self.spoken else "ok"

    @property
    def bad(self) -> str:
        """The mark of failure."""
        if self.spoken:
            return "failed"
        return "✗" if self.unicode else "x"

    @property
    def dot(self) -> str:
        """What stands between parts of a line."""
        return "·" if self.unicode else "-"

    @property
    def ellipsis(self) -> str:
        """What stands for text left out."""
        return "…" if self.unicode else "..."

    def fit(self, text: str) -> str:
        """`text` in characters that the stream can show, and that only show themselves."""
        text = clean(text)
        if self.unicode or text.isascii():
            return text
        for character, plain in PLAIN.items():
            text = text.replace(character, plain)
        return text.encode("ascii", "replace").decode()

    def characters(self, line: Line | str) -> str:
        """What to write for a line, without the line's end.

        The colours in it are those of its spans, whatever their texts say, and no pipeline finds a command in it.
        """
        spans = line.spans if isinstance(line, Line) else (Span(line),)
        fitted = [Span(self.fit(span.text), span.tone) for span in spans]
        mark = ". " if begins_command("".join(span.text for span in fitted)) else ""
        return mark + unmarked("".join(self._painted(span) for span in fitted))

    def _painted(self, span: Span) -> str:
        code = ANSI[span.tone]
        return f"\x1b[{code}m{span.text}\x1b[0m" if self.colour and code and span.text else span.text


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # a closed stream
        return False


def _can_show(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
