"""`flyo local status` for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.numbers import count, duration
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, render

STATES = ("started", "suspended", "stopped", "failed")
# What the platform's delays leave out; docs/reference/local-platform.md, "Machines in containers".
UNDELAYED = "Not delayed: connections between machines in containers. Those of clients and to DATABASE_URL are."


def local_lines(said: Mapping[str, Any], url: str, now: float, style: Style, width: int | None) -> list[Line]:
    """The whole page.

    Args:
        said: what GET /_local/status answered.
        now: seconds since the epoch.
    """
    parts = [f"local platform on {url}", f"pid {said.get('pid')}"]
    started = said.get("started_at")
    if isinstance(started, int | float):
        parts.append(f"up {duration(max(0.0, now - started))}")
    parts.append(f"delays {'on' if said.get('delays') else 'off'}")
    faults = said.get("faults") or []
    if faults:
        parts.append(count(len(faults), "fault"))
    head = [Line.of(f" {style.dot} ".join(parts)), Line()]
    apps = said.get("apps") or []
    if not apps:
        return [*head, Line.of("No apps.")]
    columns = [Column("app"), Column("machines", "right"), *(Column(state, "right") for state in STATES), Column("url")]
    rows = [[str(app.get(key, 0)) for key in ("name", "machines", *STATES, "url")] for app in apps]
    left_out = [Line(), Line.of(UNDELAYED)] if said.get("delays") and said.get("containers", 0) > 1 else []
    return [*head, *render(columns, rows, style, width), *_others(apps), *left_out]


def _others(apps: Sequence[Mapping[str, Any]]) -> list[Line]:
    """What the table leaves out of apps that would look empty: machines that no deploy manages."""
    strange = {str(app["name"]): app.get("others", 0) for app in apps if not app.get("machines")}
    lines = [
        Line.of(f"{name} has {count(number, 'machine')} that no deploy manages.")
        for name, number in strange.items()
        if number
    ]
    return [Line(), *lines] if lines else []
