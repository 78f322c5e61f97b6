"""`flyo watch` for a person and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet.measure.slo import Limit
from flyctl_orchestrator.fleet.measure.waking import Woken
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.look.measure.probe_text import seconds_text
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render
from flyctl_orchestrator.rollout.survey import Seen

SCHEMA = "flyo.watch/1"


@dataclass(frozen=True)
class Watched:
    """One machine, as it was seen and how it woke.

    Attributes:
        woken: None for one that did not sleep.
        max_cold: seconds that waking may take; None for no limit.
    """

    seen: Seen
    woken: Woken | None
    max_cold: float | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with it, "" when nothing is."""
        if self.woken is None:
            return _trouble_of(self.seen)
        if self.woken.trouble or self.woken.left:
            return "; ".join(each for each in (self.woken.trouble, self.woken.left) if each)
        if self.max_cold is not None and self.woken.cold_s > self.max_cold:
            limit = Limit("cold", self.max_cold)
            return f"its cold start took {limit.shown(self.woken.cold_s)}, more than {limit.shown(self.max_cold)}"
        return ""

    @property
    def sentence(self) -> str:
        """Which machine it is, and what is wrong with it."""
        return f"machine {self.seen.machine.id} in {self.seen.machine.region}: {self.trouble}"

    @property
    def checks(self) -> str:
        """How the platform's checks are: "passing", "none", or the first that does not pass."""
        if self.woken is not None:
            return self.woken.checks
        bad = [check for check in self.seen.machine.checks if check.status != "passing"]
        if bad:
            return f"{bad[0].name} {bad[0].status}"
        return "passing" if self.seen.machine.checks else "none"


def _trouble_of(seen: Seen) -> str:
    """What is wrong with a machine that does not sleep."""
    machine = seen.machine
    if machine.state != "started":
        return f"is {machine.state}"
    if seen.answer is not None and seen.answer.error:
        return seen.answer.error
    bad = [check for check in machine.checks if check.status != "passing"]
    return f"check {bad[0].name} is {bad[0].status}" if bad else ""


def watch_lines(rows: Sequence[Watched], style: Style, width: int | None) -> list[Line]:
    """The table, and a line for each machine that is not well."""
    columns = [Column("region"), Column("machine"), Column("was"), Column("cold start", "right")]
    columns += [Column("checks", flexible=True), Column("verdict")]
    cells: list[Row] = [
        [
            row.seen.machine.region,
            row.seen.machine.id,
            (row.woken.was if row.woken else None) or row.seen.machine.state,
            seconds_text(row.woken.cold_s) if row.woken else "-",
            row.checks,
            Span(f"{style.bad} unwell", "bad") if row.trouble else Span(f"{style.good} well", "good"),
        ]
        for row in rows
    ]
    lines = render(columns, cells, style, width)
    bad = [Line.of(Span(f"{style.bad} {row.sentence}", "bad")) for row in rows if row.trouble]
    return [*lines, Line(), *bad] if bad else lines


def watch_as_dict(app: str, target: str, rows: Sequence[Watched], now: float) -> dict[str, Any]:
    """As JSON (flyo.watch/1); docs/reference/schemas/watch-1.json describes it.

    Args:
        now: seconds since the epoch.
    """
    return {
        "schema": SCHEMA,
        "ts": round(now, 3),
        "app": app,
        "target": target,
        "well": not any(row.trouble for row in rows),
        "machines": [_as_dict(row) for row in rows],
    }


def _as_dict(row: Watched) -> dict[str, Any]:
    machine, woken = row.seen.machine, row.woken
    cold = None if woken is None or math.isinf(woken.cold_s) else round(woken.cold_s * 1000, 3)
    return {
        "region": machine.region,
        "machine": machine.id,
        "was": (woken.was if woken else None) or machine.state,
        "cold_ms": cold,
        "checks": row.checks,
        "trouble": row.trouble,
    }
