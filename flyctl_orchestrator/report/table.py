"""Tables for people: aligned columns at a terminal and in a pipe alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.style import Style

GAP = "  "
NARROWEST = 6


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        flexible: gets shorter first when the terminal is narrow.
        leaves: goes altogether when the terminal is too narrow even so, larger numbers first; 0 never does.
    """

    title: str
    align: Literal["left", "right"] = "left"
    flexible: bool = False
    leaves: int = 0


Row = Sequence[Span | str]


def width_of(text: str) -> int:
    """Columns `text` takes on a terminal: wide characters count two, combining ones none."""
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.combining(char) else wide.get(unicodedata.east_asian_width(char), 1) for char in text)


def render(columns: Sequence[Column], rows: Sequence[Row], style: Style, width: int | None = None) -> list[Line]:
    """The lines of a table, titles first; where they are read aloud a line per row, with the titles in it.

    Args:
        width: columns of the terminal; flexible columns are cut until the table fits, then those go that may. None
            never cuts anything (a pipe).
    """
    cells = [[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows]
    if style.spoken:
        return [_sentence(columns, row) for row in cells]
    titles = [Span(column.title, "quiet") for column in columns]
    widths = [max(width_of(style.fit(row[index].text)) for row in [titles, *cells]) for index in range(len(columns))]
    if width is not None:
        narrowed = _narrowed(columns, widths, width)
        leaving = max(range(len(columns)), key=lambda index: columns[index].leaves, default=0)
        if _needed(narrowed) > width and columns[leaving].leaves:
            kept = [index for index in range(len(columns)) if index != leaving]
            fewer = [[row[index] for index in kept] for row in rows]
            return render([columns[index] for index in kept], fewer, style, width)
        widths = narrowed
    return [_line(columns, row, widths, style) for row in [titles, *cells]]


def _sentence(columns: Sequence[Column], row: Sequence[Span]) -> Line:
    """A row for somebody who hears it: each value behind its title; what a table shows as "-" is left out."""
    said = [
        f"{column.title}: {cell.text}" if column.title else cell.text
        for column, cell in zip(columns, row, strict=True)
        if cell.text.strip() not in ("", "-")
    ]
    return Line.of(", ".join(said))


def _needed(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _narrowed(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    widths = list(widths)
    excess = _needed(widths) - width
    for index, column in sorted(enumerate(columns), key=lambda each: -widths[each[0]]):
        if excess > 0 and column.flexible:
            cut = min(excess, max(0, widths[index] - max(NARROWEST, width_of(column.title))))
            widths[index] -= cut
            excess -= cut
    return widths


def _line(columns: Sequence[Column], row: Sequence[Span], widths: Sequence[int], style: Style) -> Line:
    spans: list[Span] = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        text = shortened(style.fit(cell.text), width, style)
        padding = Span(" " * (width - width_of(text)))
        shown = Span(text, cell.tone)
        spans += [padding, shown, Span(GAP)] if column.align == "right" else [shown, padding, Span(GAP)]
    while spans and not spans[-1].text.strip():
        spans.pop()
    return Line(tuple(span for span in spans if span.text))


def shortened(text: str, width: int, style: Style) -> str:
    """`text` cut to `width` columns, with an ellipsis where something is missing."""
    if width_of(text) <= width:
        return text
    room = max(0, width - len(style.ellipsis))
    kept = ""
    for char in text:
        if width_of(kept + char) > room:
            break
        kept += char
    return kept + style.ellipsis
