"""What a stream can show: colours, and characters beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

Tone = Literal["plain", "good", "bad", "warn", "quiet", "strong"]

ANSI: dict[Tone, str] = {"plain": "", "good": "32", "bad": "31", "warn": "33", "quiet": "2", "strong": "1"}

_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
# What servers and apps say is shown to people; it must not be able to rewrite their screen.
_CONTROLS = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


@dataclass(frozen=True)
class Style:
    """How to write on one stream.

    Attributes:
        terminal: whether a person looks at it.
        colour: whether it may be coloured (NO_COLOR, TERM=dumb and pipes say no; FORCE_COLOR says yes).
        unicode: whether it can show characters beyond ASCII.
        live: whether lines can be rewritten in place.
    """

    terminal: bool = False
    colour: bool = False
    unicode: bool = False
    live: bool = False

    @classmethod
    def of(cls, stream: TextIO, variables: Mapping[str, str]) -> Style:
        """What `stream` can show, given the environment."""
        terminal = _is_terminal(stream)
        dumb = variables.get("TERM", "") in ("dumb", "")
        forced = variables.get("FORCE_COLOR", "") not in ("", "0")
        colour = not variables.get("NO_COLOR") and (forced or (terminal and not dumb))
        return cls(terminal, colour, _can_show(stream, "✓✗·…"), terminal and not dumb)

    def paint(self, text: str, tone: Tone) -> str:
        """`text` in a tone, or as it is where colours are not wanted."""
        code = ANSI[tone]
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    @property
    def good(self) -> str:
        """The mark of success."""
        return "✓" if self.unicode else "ok"

    @property
    def bad(self) -> str:
        """The mark of failure."""
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
        """`text` with characters the stream cannot show replaced, and none that would move a terminal's cursor."""
        text = self._tame(text)
        if self.unicode:
            return text
        for character, plain in {"·": "-", "…": "...", "→": "->", "✓": "ok", "✗": "x", "–": "-", "×": "x"}.items():
            text = text.replace(character, plain)
        return text.encode("ascii", "replace").decode()

    def _tame(self, text: str) -> str:
        # Colours are harmless, and may be our own; they stay where colours are wanted.
        parts = _COLOUR.split(text.expandtabs(1))
        parts[::2] = [words.translate(_CONTROLS) for words in parts[::2]]
        if not self.colour:
            parts[1::2] = [""] * (len(parts) // 2)
        return "".join(parts)


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
