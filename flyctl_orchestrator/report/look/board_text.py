"""The live board of `flyo status --watch`, line by line, for a terminal of any size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flyctl_orchestrator.fleet.log_pages import LogLine
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.look.log_text import log_line
from flyctl_orchestrator.report.status_text import status_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.survey import Survey

# Lines of `status_lines` above the first machine: the head, an empty one and the titles.
ABOVE = 3
MARK, NO_MARK = "> ", "  "


@dataclass(frozen=True)
class Sight:
    """What the board shows of the fleet.

    Attributes:
        seen_at: when it was seen, seconds since the epoch.
        chosen: the machine that keys act on; "" for none.
        trouble: why a later look failed, "" when the last one did not.
    """

    found: Survey
    seen_at: float
    chosen: str = ""
    trouble: str = ""

    @property
    def machines(self) -> list[str]:
        """The machines' ids, in the order of the rows."""
        return [each.machine.id for each in self.found.seen]


def board_lines(sight: Sight, style: Style, width: int, *, url: str) -> tuple[list[Line], int]:
    """The page, and the number of the line of the chosen machine."""
    page = status_lines(sight.found, style, max(1, width - len(MARK)), url=url, by_machine=True)
    machines = sight.machines
    chosen = ABOVE + machines.index(sight.chosen) if sight.chosen in machines else 0
    lines = []
    for number, line in enumerate(page):
        mark = MARK if number == chosen and chosen else NO_MARK if 0 < number < ABOVE + len(machines) else ""
        lines.append(Line.of(Span(mark, "strong"), line))
    at = time.strftime("%H:%M:%S", time.gmtime(sight.seen_at))
    lines += [Line(), Line.of(Span(f"as of {at} UTC", "quiet"))]
    if sight.trouble:
        lines.append(Line.of(Span(f"! cannot look now: {sight.trouble}", "warn")))
    return lines, chosen


def keys_line(style: Style, width: int) -> Line:
    """What the keys do, as short as the terminal wants it."""
    arrows = "↑↓" if style.unicode else "j/k"
    full = f"{arrows} machine  l logs  o open  r restart  q quit"
    return Line.of(Span(full if len(full) <= width else "l o r q", "quiet"))


def log_lines(lines: Sequence[LogLine], machine: str, height: int) -> list[Line]:
    """The newest lines of a machine, with a title; as many as fit."""
    title = Line.of(Span(f"logs of {machine}", "strong"))
    shown = [log_line(line) for line in lines[-max(0, height - 1) :]] if height > 1 else []
    return [title, *(shown or [Line.of("no lines")])]
