"""What --html does: writes a page where the command line wants it."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.report.html.page import write_page


def keep_page(context: CommandContext, page: str, path: Path, *, what: str = "The report") -> None:
    """Write a page, and say so.

    Args:
        what: what it is called.

    Raises:
        FlyoError: it cannot be written.
    """
    write_page(page, context.environment.cwd / path)
    context.output.say(f"{what} is in {path}")
