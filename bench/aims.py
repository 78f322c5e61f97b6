"""What was aimed for beside what was measured, as a table for people and for a page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/habit-app.md"
_HEAD = ("", "aim", "measured", "of the aim", "")


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured.
        limit: what it should be.
        found: what it is.
        unit: of both, with the space before it where there is one; "" for a ratio or a count.
        least: the aim is at least the limit, not at most.
        note: behind the measured value.
    """

    what: str
    limit: float
    found: float
    unit: str = ""
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the aim was reached."""
        return self.found >= self.limit if self.least else self.found <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The row of a table."""
        aim = f"at {'least' if self.least else 'most'} {figure(self.limit)}{self.unit}"
        measured = f"{figure(self.found)}{self.unit}{f', {self.note}' if self.note else ''}"
        share = f"{self.found / self.limit:.2f}" if self.limit else "-"
        return (self.what, aim, measured, share, "met" if self.met else "missed")


def figure(value: float) -> str:
    """Three digits that mean something; a large number in full."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown that can be read as it is."""
    return markdown(_HEAD, [row.cells() for row in rows])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as a table in Markdown, as wide as they are."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    shown = [_line([cell.ljust(width) for cell, width in zip(line, widths, strict=True)]) for line in lines]
    return "\n".join([shown[0], _line(["-" * width for width in widths]), *shown[1:]])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write_section(page: Path, heading: str, text: str) -> None:
    """Put `text` under a heading (`## ...`) of the page, in place of what stands there up to the next heading.

    Raises:
        ValueError: the page has no such heading.
    """
    whole = page.read_text("utf-8")
    found = re.search(rf"^{re.escape(heading)}$", whole, re.MULTILINE)
    if not found:
        raise ValueError(f"{page.name} has no heading {heading!r}")
    after = re.compile(r"^## ", re.MULTILINE).search(whole, found.end())
    rest = whole[after.start() :] if after else ""
    page.write_text(f"{whole[: found.end()]}\n\n{text.strip()}\n{f'{chr(10)}{rest}' if rest else ''}", "utf-8")
