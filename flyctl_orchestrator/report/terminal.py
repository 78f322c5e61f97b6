"""How wide the terminal is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from flyctl_orchestrator.report.style import Style


def columns(style: Style, variables: Mapping[str, str]) -> int | None:
    """Columns to fit tables into: COLUMNS, else the terminal's own; None (no limit) without one, or read aloud."""
    if style.spoken:
        return None
    given = variables.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return shutil.get_terminal_size().columns if style.terminal else None
