"""`flyo probe` for a person and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet.measure.percentile import SHOWN
from flyctl_orchestrator.fleet.measure.rows import Measured
from flyctl_orchestrator.fleet.measure.slo import Limit, Verdict
from flyctl_orchestrator.fleet.measure.waking import Woken
from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.numbers import latency
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render

SCHEMA = "flyo.probe/1"
UNMEASURED = "not measured"


@dataclass(frozen=True)
class Probed:
    """One row, and the cold start of its region where that was asked for."""

    measured: Measured
    woken: Woken | None = None

    @property
    def place(self) -> str:
        """Which row it is, for a person: "fra", "from nrt", "from nrt to fra"."""
        row = self.measured.row
        if row.client is None:
            return str(row.region)
        return f"from {row.client} to {row.region}" if row.region else f"from {row.client}"

    @property
    def cold_s(self) -> float | None:
        """Seconds of the cold start, infinity when it failed, None when there was none."""
        return self.woken.cold_s if self.woken else None


@dataclass(frozen=True)
class Shown:
    """Everything that one `flyo probe` shows.

    Attributes:
        count: requests per row.
    """

    app: str
    target: str
    url: str
    paths: tuple[str, ...]
    count: int
    limits: tuple[Limit, ...]
    rows: tuple[Probed, ...]

    def verdicts(self, row: Probed) -> Iterator[tuple[Limit, float | None, Verdict]]:
        """What one row is measured at, and how it keeps to each limit."""
        for limit in self.limits:
            value = limit.value(row.measured.latencies, row.cold_s)
            yield limit, value, limit.judge(value)

    @property
    def missed(self) -> list[tuple[str, str]]:
        """For each limit that a row does not keep to: which row, and a sentence."""
        return [
            (row.place, f"{limit.name} {_is(limit.shown(value))}, more than {limit.shown(limit.most)}")
            for row in self.rows
            for limit, value, verdict in self.verdicts(row)
            if verdict == "missed" and value is not None
        ]

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """For each limit of which nobody can say whether a row keeps to it: which row, and a sentence."""
        return [
            (row.place, f"{limit.text} cannot be judged: no machine of it is started")
            for row in self.rows
            for limit, _, verdict in self.verdicts(row)
            if verdict == "unknown"
        ]


def probe_lines(shown: Shown, style: Style, width: int | None) -> list[Line]:
    """The whole page, line by line."""
    clients = any(row.measured.row.client for row in shown.rows)
    columns = [Column("from")] if clients else []
    columns += [Column("region", flexible=True), Column("requests", "right"), Column("errors", "right")]
    columns += [Column(f"p{p}", "right") for p in SHOWN]
    cold = any(row.woken for row in shown.rows)
    columns += [Column("cold start", "right")] if cold else []
    rows = [_row(shown, each, clients=clients, cold=cold) for each in shown.rows]
    pages = ", ".join(shown.paths)
    head = Line.of(Span(shown.app, "strong"), f" {style.dot} {shown.url} {style.dot} {pages}")
    return [head, Line(), *render(columns, rows, style, width), *_remarks(shown, style)]


def _row(shown: Shown, row: Probed, *, clients: bool, cold: bool) -> Row:
    latencies, place = row.measured.latencies, row.measured.row
    tones: dict[str, Tone] = {
        limit.name: {"met": "good", "missed": "bad", "unknown": "warn"}[verdict]  # type: ignore[misc]
        for limit, _, verdict in shown.verdicts(row)
    }
    cells: list[Span | str] = [place.client or "here"] if clients else []
    cells.append(Span(place.region or _answered(row.measured.by_region), "strong" if place.region else "plain"))
    if not place.can_be_asked:
        cells += [Span("-", "quiet")] * (2 + len(SHOWN))
    else:
        errors: Tone = tones.get("errors", "bad" if latencies.errors else "plain")
        cells += [str(latencies.requests), Span(str(latencies.errors), errors)]
        cells += [Span(seconds_text(latencies.percentile(p)), tones.get(f"p{p}", "plain")) for p in SHOWN]
    if cold:
        cells.append(Span(seconds_text(row.cold_s), tones.get("cold", "plain")))
    return cells


def seconds_text(seconds: float | None) -> str:
    """e.g. "41 ms", "failed" for infinity, "-" for None."""
    return "failed" if seconds == math.inf else latency(seconds)


def _answered(by_region: Counter[str]) -> str:
    """Which regions answered a client, most first: "fra", or "fra 18, cdg 2"; "-" where no answer says so."""
    if len(by_region) < 2:
        return next(iter(by_region), "-")
    return ", ".join(f"{region} {number}" for region, number in by_region.most_common())


def _remarks(shown: Shown, style: Style) -> list[Line]:
    lines: list[Line] = []
    for row in shown.rows:
        if not row.measured.row.can_be_asked:
            what = f"{row.place}: {UNMEASURED}, no machine of it is started; --cold wakes one"
            lines.append(Line.of(Span(f"! {what}", "warn")))
        elif row.measured.trouble:
            lines.append(Line.of(Span(f"{style.bad} {row.place}: {row.measured.trouble}", "bad")))
    seen = {id(row.woken): row.woken for row in shown.rows if row.woken}
    for woken in seen.values():
        for what in (woken.trouble, woken.left):
            if what:
                said = f"{woken.machine.region} {woken.machine.id} {what}"
                lines.append(Line.of(Span(f"{style.bad} {said}", "bad")))
    return [Line(), *lines] if lines else []


def probe_as_dict(shown: Shown, now: float) -> dict[str, Any]:
    """The page as JSON (flyo.probe/1); docs/reference/schemas/probe-1.json describes it.

    Args:
        now: seconds since the epoch.
    """
    return {
        "schema": SCHEMA,
        "ts": round(now, 3),
        "app": shown.app,
        "target": shown.target,
        "url": shown.url,
        "paths": list(shown.paths),
        "rows": [_row_as_dict(shown, row) for row in shown.rows],
    }


def _row_as_dict(shown: Shown, row: Probed) -> dict[str, Any]:
    place, latencies = row.measured.row, row.measured.latencies
    return {
        "from": place.client,
        "region": place.region,
        "answered_by": dict(row.measured.by_region.most_common()),
        "requests": latencies.requests,
        "errors": latencies.errors,
        "ms": {f"p{p}": _ms(latencies.percentile(p)) for p in SHOWN},
        "cold": _cold_as_dict(row.woken),
        "trouble": row.measured.trouble,
        "slo": [
            {"limit": limit.text, "measured": limit.shown(value) if value is not None else None, "verdict": verdict}
            for limit, value, verdict in shown.verdicts(row)
        ],
    }


def _cold_as_dict(woken: Woken | None) -> dict[str, Any] | None:
    if woken is None:
        return None
    machine = {"machine": woken.machine.id, "after": woken.was, "ms": _ms(woken.cold_s)}
    return {**machine, "checks": woken.checks, "trouble": woken.trouble, "left": woken.left}


def _ms(seconds: float | None) -> float | None:
    """Milliseconds; None where there is no time, or it is that of a request that failed."""
    return None if seconds is None or math.isinf(seconds) else round(seconds * 1000, 3)


def _is(shown: str) -> str:
    """What a figure is, in a sentence; a request that failed took longer than any that did not."""
    return "is that of a request that failed" if shown == "failed" else f"is {shown}"
