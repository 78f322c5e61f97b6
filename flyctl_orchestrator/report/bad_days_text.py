"""A rehearsal on many bad days, for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.rehearsal.bad_day import BadDay
from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd


def begin_line(days: Sequence[BadDay], machines: int) -> Line:
    """What is about to be rehearsed."""
    faults = len({day.fault.get("name") for day in days})
    regions = len({day.region for day in days if day.region})
    return Line.of(
        f"{count(len(days), 'bad day')} for a copy of {count(machines, 'machine')}: {count(faults, 'fault')} in"
        f" {count(regions, 'region')}, before, at and after each region's change; all of it simulated"
    )


def day_line(end: DayEnd, style: Style) -> Line:
    """One day."""
    mark = Span(style.good, "good") if end.good else Span(style.bad, "bad")
    why = f"{end.wrong}: {end.result.what}" if end.wrong else end.result.what
    return Line.of(mark, f" {end.day.name}  exit {end.result.exit}, {_FLEET[end.fleet]}: {why}")


_FLEET = {"new": "all new", "old": "all as before", "mixed": "mixed"}


def end_lines(ends: Sequence[DayEnd], seed: int, style: Style, advice: Callable[[str], str] = str) -> list[Line]:
    """How many days end how, and how to see those again that do not end as they should.

    Args:
        advice: completes a command so that it leads to the same app.
    """
    number = {fleet: sum(end.fleet == fleet for end in ends) for fleet in _FLEET}
    uniform = number["new"] + number["old"]
    wrong = [end for end in ends if not end.good]
    said = f"Of {count(len(ends), 'bad day')}, {uniform} end uniform ({number['new']} new, {number['old']} as before)"
    said += f" and {number['mixed']} mixed; "
    said += f"{len(wrong)} {'does' if len(wrong) == 1 else 'do'} not end as they should." if wrong else "all is well."
    lines = [Line.of(Span(said, "bad" if wrong else "good"))]
    if wrong:
        again = f"flyo rehearse --all --only {wrong[0].day.name}" + (f" --seed {seed}" if seed else "")
        lines.append(Line.of(f"See it happen: {advice(again)}"))
    return lines
