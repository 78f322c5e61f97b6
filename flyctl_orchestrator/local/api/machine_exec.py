"""Commands inside machines (`flyctl machine exec`)."""

from __future__ import annotations

import shlex
from typing import Any

from flyctl_orchestrator.local.api.machines import held
from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.errors import NotModelled, invalid, precondition
from flyctl_orchestrator.local.base.shape import flag, list_of, record, text, whole
from flyctl_orchestrator.local.core.seams import CommandResult
from flyctl_orchestrator.local.platform import Platform

OPERATION = "machines.exec"
# Seconds: what a command may take that says nothing, and at most.
USUAL, LONGEST = 30, 60
_BODY = record(
    {"command": list_of(text), "cmd": text, "stdin": text, "timeout": whole, "container": text, "machine": flag}
)


@route("POST", "/v1/apps/{app}/machines/{machine}/exec", op=OPERATION)
def execute(platform: Platform, request: Request) -> Wait:
    """Run a command in a started machine and answer with its output; 408 when it takes too long."""
    machine, body = held(platform, request), body_of(request)
    argv, timeout = _command(body), _timeout(body)
    if body.get("container"):
        raise NotModelled(f"{OPERATION} with container")
    if machine.state != "started":
        raise precondition("machine not running")
    found: list[CommandResult | None] = []

    def done(result: CommandResult | None) -> None:
        found.append(result)
        platform.feed.changed()

    stdin = str(body.get("stdin") or "").encode()
    if platform.commands is None or not platform.commands.run(machine.id, argv, stdin, timeout, done):
        raise NotModelled(f"{OPERATION} in this kind of machine")
    return Wait(lambda: _answer(found[0]) if found else None, timeout + 5.0, lambda: _answer(None))


def _answer(result: CommandResult | None) -> Response:
    if result is None:
        return Response(408, {"error": "deadline_exceeded: the command did not end in time and was killed"})
    body = {
        "exit_code": result.code,
        "exit_signal": result.signal,
        "stdout": result.out.decode("utf-8", "replace"),
        "stderr": result.err.decode("utf-8", "replace"),
    }
    return Response(200, body)


def _command(body: dict[str, Any]) -> list[str]:
    _BODY(body, "")
    try:
        argv = list(body.get("command") or shlex.split(body.get("cmd") or ""))
    except ValueError as problem:
        raise invalid(f"invalid_argument: cmd cannot be split into words: {problem}") from problem
    if not argv or not argv[0]:
        raise invalid("invalid_argument: command is required")
    return argv


def _timeout(body: dict[str, Any]) -> float:
    said = body.get("timeout") or USUAL
    if not 1 <= said <= LONGEST:
        raise invalid(f"invalid_argument: timeout must be between 1 and {LONGEST} seconds")
    return float(said)
