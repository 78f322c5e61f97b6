"""What `flyo local logs` does: shows what machines and the platform wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import checked, headers, manage, require_running, unanswered
from flyctl_orchestrator.cli.look.app import require_regions
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.redact import without_private
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.project.flytoml.formats import config_in

WHERE = "local platform"
# Seconds. Logs that are followed may be silent for long.
SILENCE = 7 * 24 * 3600.0


def show_logs(context: CommandContext, limit: int, about: Mapping[str, str | None], *, follow: bool, raw: bool) -> int:
    """Show the last lines, and with `follow` new ones as they come.

    Args:
        limit: lines to begin with.
        about: app, machine and region to show the lines of; None for all.
        raw: lines as they were written, with whatever is private in them.

    Raises:
        FlyoError: the platform does not run or does not answer, or the lines cannot be shown.
    """
    environment, output = context.environment, context.output
    running = require_running(environment)
    region = about.get("region")
    require_regions(context, [region] if region else [], lambda: offered(environment))
    asked = {**about, "limit": str(limit), "follow": str(int(follow))}
    url = f"{running.url}/_local/logs?{urlencode({key: value for key, value in asked.items() if value})}"

    def show(line: str) -> None:
        shown = line if raw else without_private_message(line)
        if context.options.as_json:
            output.document(json.loads(shown), indent=None)
        else:
            output.show(log_line(shown))
        if output.gone:
            raise _ReaderGone

    try:
        http = RequestsHttp(environment.clock, environment.variables)
        answer = http.stream("GET", url, headers=headers(running), idle_timeout=SILENCE, on_line=show)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED if not follow else Exit.OK
    except _ReaderGone:
        return Exit.OK
    except HttpError as failure:
        if follow and failure.kind == "reset":
            return Exit.OK  # the platform was stopped, and its logs end there
        raise unanswered(running, failure) from None
    if answer.status == 404 and about.get("app"):
        what = f"there is no app '{about['app']}' on it"
        raise FlyoError(what, where=WHERE, next="'flyo local logs --all' shows what there is", code="local.no_app")
    checked(answer)
    return Exit.OK


def offered(environment: Environment) -> list[str]:
    """The platform's own regions.

    Raises:
        FlyoError: it does not say.
    """
    said: Any = manage(environment, "GET", "/v1/platform/regions")
    listed = said.get("Regions") if isinstance(said, dict) else None
    return [str(each["code"]) for each in listed or () if isinstance(each, dict) and "code" in each]


def app_here(context: CommandContext) -> str | None:
    """The app of the project in this directory; None where there is none, or where it has no name."""
    if config_in(context.environment.cwd) is None:
        return None
    try:
        return context.project_to_look().app
    except UsageError:
        return None


class _ReaderGone(Exception):
    """The reader of stdout is gone (`flyo local logs -f | head`)."""


def without_private_message(line: str) -> str:
    """A line of the platform's logs whose message is as `flyo logs` shows it."""
    try:
        said = json.loads(line)
    except ValueError:
        return without_private(line)
    if isinstance(said, dict) and isinstance(said.get("message"), str):
        said["message"] = without_private(said["message"])
    return json.dumps(said)


def log_line(line: str) -> str:
    """One line of the platform's logs for a person."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    where = " ".join(str(said[key]) for key in ("app", "region", "machine") if said.get(key))
    level = str(said.get("level", ""))
    mark = f" [{level}]" if level not in ("", "info") else ""
    return f"{_clock_time(said.get('ts'))} {where}{mark} {said.get('message', '')}"


def _clock_time(ts: object) -> str:
    if not isinstance(ts, int | float):
        return str(ts or "")
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
