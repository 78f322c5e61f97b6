"""The table at the end of a rollout, for a person."""

from __future__ import annotations

from collections.abc import Callable

from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.numbers import count, duration, latency, short_digest
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, render
from flyctl_orchestrator.rollout.context.outcome import Outcome, Row

TONES: dict[str, Tone] = {"healthy": "good", "asleep": "quiet", "unhealthy": "bad", "unknown": "warn"}


def outcome_lines(outcome: Outcome, style: Style, width: int | None, *, url: str) -> list[Line]:
    """One row per machine, then one sentence and the app's address."""
    lines = render(_columns(outcome), [_cells(row, style, outcome) for row in outcome.rows], style, width)
    lines = lines if outcome.rows else []
    lines += [Line.of(f"{row.region} {row.machine}: {row.why}") for row in outcome.rows if row.why]
    if outcome.excerpt is not None:
        lines.append(Line.of(f"The last lines of {outcome.excerpt.source}:"))
        lines += [Line.of(Span(f"  {line}", "quiet")) for line in outcome.excerpt.lines]
    good = outcome.kind in ("done", "nothing")
    if good:
        told = {"done": f"Done in {duration(outcome.seconds)}", "nothing": "Nothing to change"}[outcome.kind]
        regions = len({row.region for row in outcome.rows if row.fate != "destroyed"})
        where = f"{count(regions, 'region')}, " if regions else ""
        lines.append(Line.of(Span(f"{told}: {where}{outcome.what}.", "good")))
        lines.append(Line.of(url))
    return lines


def ended_line(app: str, outcome: Outcome, advise: Callable[[str], str]) -> str:
    """The line that tells a person of a rollout that did not end well.

    Args:
        advise: makes a command that is advised work as it stands.
    """
    advice = f". {advise(outcome.next)}" if outcome.next else ""
    return f"flyo: app {app}: {outcome.what}{advice} [{outcome.code}]"


def _columns(outcome: Outcome) -> list[Column]:
    titles = [Column("region"), Column("machine"), Column("release"), Column("image"), Column("fate"), Column("health")]
    titles.append(Column("latency", align="right"))
    return titles if not _grouped(outcome) else [titles[0], Column("group"), *titles[1:]]


def _cells(row: Row, style: Style, outcome: Outcome) -> list[Span | str]:
    mark = {"healthy": f"{style.good} ", "unhealthy": f"{style.bad} "}.get(row.health, "")
    fate: Tone = "bad" if row.fate in ("failed", "missing") else "warn" if row.fate == "unverified" else "plain"
    image = short_digest(row.image) if row.image.startswith("sha256:") else row.image or "-"
    cells: list[Span | str] = [
        Span(row.region, "strong"),
        row.machine or "-",
        f"v{row.release}" if row.release is not None else "-",
        image,
        Span(row.fate, fate),
        Span(f"{mark}{row.health}", TONES.get(row.health, "plain")),
        latency(row.latency_s),
    ]
    return [cells[0], row.group, *cells[1:]] if _grouped(outcome) else cells


def _grouped(outcome: Outcome) -> bool:
    return len({row.group for row in outcome.rows}) > 1
