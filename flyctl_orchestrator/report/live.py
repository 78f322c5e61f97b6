"""The live table at a terminal: a row per region, rewritten in place, and gone when the run is over."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.line import Tone
from flyctl_orchestrator.report.numbers import duration, latency
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.progress_table import FAILED, OVER, ProgressTable, RegionRow
from flyctl_orchestrator.report.words import sentence

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

# Times a second; enough for a spinner to turn, too little to flicker.
REFRESH = 8
# Events that get a line of their own above the table, so that they stay when it has moved on.
LASTING = frozenset(
    {
        "app.created",
        "build.finished",
        "drift.found",
        "interrupted",
        "plan.nothing_to_do",
        "plan.ready",
        "rollback.finished",
        "rollback.started",
        "rollout.finished",
        "step.failed",
        "warning",
        "note",
        "wave.failed",
        "wave.passed",
    }
)
RICH_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "quiet": "dim",
    "strong": "bold",
}


class LiveReporter:
    """Draws the table on stderr until `close`; what is worth keeping stands above it as ordinary lines."""

    def __init__(self, output: Output, clock: Clock) -> None:
        from rich.console import Console
        from rich.live import Live

        self._style = output.side_style
        self._clock = clock
        self._progress = ProgressTable()
        self._lock = threading.Lock()
        self._console: Console = Console(
            file=output.stderr,
            force_terminal=True,
            no_color=not self._style.colour,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=REFRESH,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        self._started = False

    def event(self, event: Fact) -> None:
        """Take it in, and write a lasting line for the important ones."""
        with self._lock:
            self._progress.see(event)
        if event.name in LASTING and (said := sentence(event)) is not None:
            self._print(said.text, said.tone)
        if not self._started and (self._progress.rows or self._progress.heading):
            self._live.start(refresh=True)
            self._started = True

    def close(self) -> None:
        """Take the table away, and give the terminal back."""
        if self._started:
            self._live.stop()
            self._started = False

    def _print(self, text: str, tone: Tone) -> None:
        from rich.text import Text

        marks = {"good": self._style.good, "bad": self._style.bad, "warn": "!"}
        line = f"{marks.get(tone, self._style.dot)} {self._style.fit(text)}"
        self._console.print(Text(line, style=RICH_STYLES[tone]))

    def _draw(self) -> RenderableType:
        from rich.console import Group

        with self._lock:
            return Group(self._as_table(), self._foot()) if self._progress.rows else self._foot()

    def _as_table(self) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD if self._style.unicode else None, pad_edge=False, header_style="dim")
        for title in ("region", "machines", "state", "release", "health", "latency"):
            table.add_column(title, justify="right" if title == "latency" else "left", no_wrap=True)
        for row in self._progress.rows.values():
            table.add_row(*(Text(self._style.fit(text), style=RICH_STYLES[tone]) for text, tone in self._cells(row)))
        return table

    def _foot(self) -> Text:
        from rich.text import Text

        progress = self._progress
        elapsed = max(0.0, self._clock.now() - progress.since) if progress.since else 0.0
        parts = [self._style.fit(each) for each in (progress.heading, duration(elapsed), progress.activity)]
        line = f" {self._style.dot} ".join(part for part in parts if part)
        return Text(self._frame() + line, style="dim", no_wrap=True, overflow="ellipsis")

    def _cells(self, row: RegionRow) -> list[tuple[str, Tone]]:
        health: Tone = "plain" if row.healthy is None else ("good" if row.healthy else "bad")
        mark = "" if row.healthy is None else f"{self._style.good if row.healthy else self._style.bad} "
        total = f"{row.done}/{row.total}" if row.total else "-"
        return [
            (row.region, "strong"),
            (total, "plain"),
            (f"{self._spinner(row)}{row.state}", self._tone(row)),
            (row.release or "-", "plain"),
            (f"{mark}{row.health}" or "-", health),
            (latency(row.latency_s), "plain"),
        ]

    def _tone(self, row: RegionRow) -> Tone:
        if row.state in FAILED:
            return "bad"
        return "good" if row.state in OVER and not row.busy else "plain"

    def _spinner(self, row: RegionRow) -> str:
        return self._frame() if row.busy else "  "

    def _frame(self) -> str:
        frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if self._style.unicode else "|/-\\"
        return frames[int(self._clock.now() * REFRESH) % len(frames)] + " "
