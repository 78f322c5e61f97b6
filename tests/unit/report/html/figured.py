"""Figures to make pages of: commands that are run in this process, and measurements made up."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.measure.percentile import Latencies
from flyctl_orchestrator.fleet.measure.rows import Measured, Row
from flyctl_orchestrator.fleet.measure.slo import parse_limit
from flyctl_orchestrator.report.look.measure.probe_text import Probed, Shown

# Of a row: client and region; seconds of good answers; errors; and who answered how often.
Given = (
    tuple[tuple[str | None, str | None], tuple[float, ...], int]
    | tuple[tuple[str | None, str | None], tuple[float, ...], int, Mapping[str, int]]
)


def run_in(directory: Path, *words: str) -> str:
    """stdout of a command that does what it should, whether or not a budget is passed."""
    out, err = io.StringIO(), io.StringIO()
    status = run(list(words), Environment({"PATH": ""}, directory, stdin=io.StringIO(), stdout=out, stderr=err))
    assert status in (0, 7), err.getvalue()
    return out.getvalue()


def measured(*rows: Given, limits: tuple[str, ...] = ()) -> Shown:
    """What `flyo probe` may have measured."""
    made = []
    for (client, region), times, errors, *answered in rows:
        by_region = Counter(answered[0] if answered else {})
        made.append(Probed(Measured(Row(client, region, ()), Latencies(times, errors), by_region)))
    known = tuple(parse_limit(each, where="--slo") for each in limits)
    return Shown("shop", "local", "https://shop.example", ("/up",), 20, known, tuple(made))
