"""How a failure is told: to a person, to a program, and on GitHub Actions on the run's page."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.rollout.context.events import SCHEMA, stamp


def show_error(error: FlyoError, output: Output, *, document: Mapping[str, Any] | None = None) -> None:
    """One line on stderr, and with --json its `document` on stdout."""
    if document is not None:
        output.record(document)
    output.say(error_line(error))
    if output.variables.get("GITHUB_ACTIONS") == "true" and document is None:
        from flyctl_orchestrator.report.github.text import annotation

        output.command(annotation("error", "flyo", str(error)))


def error_as_dict(error: FlyoError, *, now: float, app: str | None) -> dict[str, Any]:
    """The error as one JSON object (schema flyo.event/1).

    Args:
        now: seconds since the epoch.
        app: the app it is about; None when nobody knows.
    """
    fields = {"code": error.code, "exit": int(error.exit), "where": error.where, "what": error.what, "next": error.next}
    return {"schema": SCHEMA, "event": "error", "ts": stamp(now), "app": app, **fields}


def error_line(error: FlyoError) -> str:
    """The line that tells a person of a failure."""
    return f"flyo: {error} [{error.code}]"


def show_trace(error: BaseException, output: Output) -> None:
    """Where a defect is, on stderr."""
    for part in traceback.format_exception(error):
        output.say(*part.rstrip("\n").split("\n"))
