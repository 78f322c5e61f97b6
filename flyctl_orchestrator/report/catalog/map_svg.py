"""The same map and curve as a picture, for `flyo regions suggest --svg FILE`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from flyctl_orchestrator.catalog.regions import Place
from flyctl_orchestrator.placement.choose import Suggestion
from flyctl_orchestrator.placement.users import Users
from flyctl_orchestrator.report.catalog.map_text import NORTH, SOUTH

WIDTH, MAP_HEIGHT, CURVE_HEIGHT, EDGE = 960, 342, 150, 30
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1c2421 }
.land { fill: #c6cdc9 } .user { fill: #d97706; fill-opacity: .6 } .region { fill: #0f766e; stroke: #fff }
.bar { fill: #0f766e } .name { font-weight: 600 } .paper { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #e7ece9 } .land { fill: #3c4743 } .paper { fill: #131816 } .region, .bar { fill: #2dd4bf }
}"""


def picture(
    land: Iterable[Place], users: Sequence[Users], regions: Mapping[str, Place], found: Suggestion, title: str
) -> str:
    """The picture as SVG, text that stands by itself.

    Args:
        regions: where those are that were chosen.
        title: what it shows, in a sentence.
    """
    height = MAP_HEIGHT + CURVE_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
    ]
    parts += [f'<circle class="land" {_at(at)} r="2"/>' for at in land]
    parts += [f'<circle class="user" {_at(some.at)} r="{_radius(some.share):.1f}"/>' for some in users]
    for code, at in regions.items():
        x, y = _xy(at)
        parts.append(f'<circle class="region" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(f'<text class="name" x="{x + 8:.1f}" y="{y + 4:.1f}">{_text(code)}</text>')
    return "\n".join([*parts, *_curve(found), "</svg>", ""])


def _curve(found: Suggestion) -> list[str]:
    longest = max(choice.ms for choice in found.best) or 1.0
    step = min(90.0, (WIDTH - 2 * EDGE) / len(found.best))
    what = "Mean" if found.by == "mean" else "P95 of the"
    parts = [f'<text x="{EDGE}" y="{MAP_HEIGHT + 14}">{what} round trip by number of regions</text>']
    for number, choice in enumerate(found.best):
        tall = max(1.0, (CURVE_HEIGHT - 70) * choice.ms / longest)
        x, foot = EDGE + number * step, MAP_HEIGHT + CURVE_HEIGHT - 22
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{foot - tall:.1f}" width="{step * 0.6:.1f}" height="{tall:.1f}"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{foot - tall - 4:.1f}">{max(1, round(choice.ms))} ms</text>')
        parts.append(f'<text x="{x:.1f}" y="{foot + 16}">{len(choice.regions)}</text>')
    return parts


def _xy(at: Place) -> tuple[float, float]:
    return (at[1] + 180) / 360 * WIDTH, min(max((NORTH - at[0]) / (NORTH - SOUTH), 0.0), 1.0) * MAP_HEIGHT


def _at(at: Place) -> str:
    x, y = _xy(at)
    return f'cx="{x:.1f}" cy="{y:.1f}"'


def _radius(share: float) -> float:
    """Areas are as large as the shares."""
    return max(1.5, 40 * math.sqrt(share))


def _text(text: str) -> str:
    """Text for XML, which some characters have no place in."""
    return escape("".join(character if character.isprintable() else "\ufffd" for character in text))
