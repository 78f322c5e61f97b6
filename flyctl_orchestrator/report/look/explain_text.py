"""Pages of codes for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby

from flyctl_orchestrator.catalog.error_pages import TOPICS, Page
from flyctl_orchestrator.report.line import Line, Span

# Columns, where no terminal says how many there are.
WIDE = 100
PARTS = (("What it means", "means"), ("Why it happens", "why"), ("What to do", "do"))


def page_lines(page: Page, width: int | None) -> list[Line]:
    """One code's page."""
    lines = [Line.of(Span(page.code, "strong"))]
    for title, part in PARTS:
        lines += [Line(), Line.of(title)]
        lines += [Line.of(f"  {each}") for each in _wrapped(getattr(page, part), (width or WIDE) - 2)]
    return lines


def list_lines(pages: Iterable[Page], width: int | None) -> list[Line]:
    """All codes, by topic, each with what it means."""
    lines: list[Line] = []
    for topic, of_topic in groupby(pages, key=lambda page: page.topic):
        lines += [*([Line()] if lines else []), Line.of(Span(TOPICS[topic], "strong"))]
        for page in of_topic:
            lines.append(Line.of(f"  {page.code}"))
            lines += [Line.of(Span(f"    {each}", "quiet")) for each in _wrapped(page.means, (width or WIDE) - 4)]
    return lines


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, max(columns, 20), break_long_words=False, break_on_hyphens=False)
