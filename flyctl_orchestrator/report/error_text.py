"""How a failure is told: to a person, to a program, and on GitHub Actions on the run's page."""

from __future__ import annotations

import traceback

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.output import Output


def show_error(error: FlyoError, output: Output, *, as_json: bool) -> None:
    """One line on stderr, and with `as_json` one object on stdout."""
    if as_json:
        fields = {"event": "error", "code": error.code, "exit": int(error.exit), "where": error.where}
        output.record({"schema": "flyo.event/1", **fields, "what": error.what, "next": error.next})
    output.say(error_line(error))
    if output.variables.get("GITHUB_ACTIONS") == "true" and not as_json:
        from flyctl_orchestrator.report.github.text import annotation

        output.command(annotation("error", "flyo", str(error)))


def error_line(error: FlyoError) -> str:
    """The line that tells a person of a failure."""
    return f"flyo: {error} [{error.code}]"


def show_trace(error: BaseException, output: Output) -> None:
    """Where a defect is, on stderr."""
    for part in traceback.format_exception(error):
        output.say(*part.rstrip("\n").split("\n"))
