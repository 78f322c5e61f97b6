"""The picture of `flyo probe`: a bar per row, from 0 to its p50, its p95 and its p99; in the terminal or as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from flyctl_orchestrator.fleet.measure.percentile import SHOWN
from flyctl_orchestrator.report.clean import clean
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.look.measure.probe_text import Probed, Shown, seconds_text
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import width_of

# Columns of the picture where nothing limits it, and the least that a bar gets.
USUAL_WIDTH = 100
NARROWEST_BAR = 10
# How the parts up to p50, p95 and p99 are drawn.
BLOCKS, ASCII = ("█", "▒", "░"), ("#", "=", "-")
# Pixels.
ROW, BAR, LABEL, PAGE, RIGHT = 26, 16, 170, 760, 190
COLOURS = ("#2563eb", "#93c5fd", "#dbeafe")


@dataclass(frozen=True)
class Bar:
    """One row of the picture.

    Attributes:
        ends: p50, p95 and p99 in seconds, those that there are; never falling.
        says: the same as text.
    """

    label: str
    ends: tuple[float, ...]
    says: str


def bars(shown: Shown) -> list[Bar]:
    """A bar for each row that was measured."""
    return [_bar(row) for row in shown.rows if row.measured.latencies.requests]


def _bar(row: Probed) -> Bar:
    values = [row.measured.latencies.percentile(p) for p in SHOWN]
    ends = tuple(value for value in values if value is not None and math.isfinite(value))
    return Bar(row.place, ends, " / ".join(seconds_text(value) for value in values))


def bar_lines(shown: Shown, style: Style, width: int | None) -> list[Line]:
    """The picture for a terminal, with a line that says how to read it.

    Args:
        width: columns to fit into, None for no limit.
    """
    drawn = bars(shown)
    if not drawn or style.spoken:
        # The table beside it says the same in words.
        return []
    marks = BLOCKS if style.unicode else ASCII
    label = max(width_of(style.fit(bar.label)) for bar in drawn)
    says = max(width_of(bar.says) for bar in drawn)
    room = max(NARROWEST_BAR, (width or USUAL_WIDTH) - label - says - 4)
    longest = max((bar.ends[-1] for bar in drawn if bar.ends), default=0.0) or 1.0
    lines = [Line.of(Span(f"{marks[0]} p50  {marks[1]} p95  {marks[2]} p99", "quiet"))]
    for bar in drawn:
        parts = _parts(bar, longest, room, marks)
        padding = " " * (label - width_of(style.fit(bar.label)))
        lines.append(Line.of(Span(bar.label, "strong"), f"{padding}  {parts:<{room}}  {bar.says}"))
    return lines


def _parts(bar: Bar, longest: float, room: int, marks: tuple[str, ...]) -> str:
    """What is drawn of a bar; at least one mark where there is a time."""
    text = ""
    for end, mark in zip(bar.ends, marks, strict=False):
        text += mark * (max(1, round(end / longest * room)) - len(text))
    return text


def svg_text(shown: Shown) -> str:
    """The picture as an SVG file, readable without colours: every bar says its figures."""
    drawn = bars(shown)
    longest = max((bar.ends[-1] for bar in drawn if bar.ends), default=0.0) or 1.0
    height = 64 + ROW * len(drawn)
    title = f"{shown.app}: answer times ({', '.join(shown.paths)}), {shown.count} requests per row"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE}" height="{height}" viewBox="0 0 {PAGE} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{PAGE}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-weight="600">{_text(title)}</text>',
        f'<text x="12" y="44" fill="#555555">{_text(shown.url)}; p50 / p95 / p99</text>',
    ]
    for number, bar in enumerate(drawn):
        parts += _svg_row(bar, 60 + number * ROW, longest)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _svg_row(bar: Bar, top: int, longest: float) -> list[str]:
    scale = (PAGE - LABEL - RIGHT) / longest
    baseline = top + BAR - 3
    drawn = [
        f'<rect x="{LABEL}" y="{top}" width="{max(1.0, end * scale):.1f}" height="{BAR}" fill="{colour}"/>'
        for end, colour in zip(bar.ends, COLOURS, strict=False)
    ]
    return [
        f'<text x="{LABEL - 10}" y="{baseline}" text-anchor="end">{_text(bar.label)}</text>',
        *reversed(drawn),  # the longest first, so that the shorter ones lie on it
        f'<text x="{PAGE - RIGHT + 10}" y="{baseline}">{_text(bar.says)}</text>',
    ]


def _text(text: str) -> str:
    return escape(clean(text))
