"""The `flyo` command: turns every end of a command into one line and one exit status."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flyctl_orchestrator.cli.root import flyo
from flyctl_orchestrator.cli.streams import hold_streams
from flyctl_orchestrator.errors import Defect, FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.variables import is_on, require_switches

if TYPE_CHECKING:
    from flyctl_orchestrator.environment import Environment
    from flyctl_orchestrator.report.output import Output

# Columns of help pages, where nothing else is known; click would import half a library to find out.
WIDTH = 80
SHELLS = ("bash", "zsh", "fish")


def run(arguments: list[str], environment: Environment | None = None) -> int:
    """Run one command line and return its exit status; nothing escapes as a traceback.

    FLYO_TRACEBACK=1 in the environment shows where a defect is, for a bug report.

    Args:
        environment: the world outside; None for that of this process.
    """
    shown = ""
    try:
        status = _run(arguments, environment)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        status = Exit.USAGE
    except Exception as error:  # noqa: BLE001 the last door: no defect shows a traceback to a user
        failure = _as_failure(error)
        _show_failure(failure, arguments, environment)
        status, shown = int(failure.exit), failure.code
    # Where nothing but the output is lost, the command has its status from what was done.
    if getattr(environment.stdout if environment else sys.stdout, "lost", None) and shown != "output.lost":
        _output(environment).warn_of_loss()
    return status


def _run(arguments: list[str], environment: Environment | None) -> int:
    _check_completion(os.environ)
    if not os.environ.get("_FLYO_COMPLETE"):
        require_switches(os.environ if environment is None else environment.variables)
    obj = None
    if environment is not None:
        from flyctl_orchestrator.cli.context import CommandContext

        obj = CommandContext(environment)
    try:
        status = flyo.main(arguments, prog_name="flyo", standalone_mode=False, obj=obj, terminal_width=_columns())
    except (KeyboardInterrupt, EOFError, click.Abort):
        raise FlyoError("interrupted", code="interrupted", exit=Exit.INTERRUPTED) from None
    return int(status) if isinstance(status, int) else Exit.OK


def _check_completion(variables: Mapping[str, str]) -> None:
    """Make sure that it is a shell that asks for a completion: click reads more variables, which only a shell sets.

    Raises:
        UsageError: somebody has set it by hand (code usage.completion).
    """
    asked = variables.get("_FLYO_COMPLETE", "")
    shell, _, what = asked.partition("_")
    words, word = variables.get("COMP_WORDS"), variables.get("COMP_CWORD", "")
    by_shell = words is not None and (shell == "fish" or word.isdecimal())
    known = shell in SHELLS and what in ("source", "complete")
    if asked and (not known or (what == "complete" and not by_shell)):
        alone = "only works in a shell that is completing a line, which sets COMP_WORDS and COMP_CWORD, too"
        raise UsageError(
            f"'{asked[:40]}' {alone if known else 'is not known'}",
            where="_FLYO_COMPLETE",
            next=f"'_FLYO_COMPLETE={shell if shell in SHELLS else 'bash'}_source flyo' prints the script for the shell",
            code="usage.completion",
        )


def _as_failure(error: Exception) -> FlyoError:
    """What Click found wrong with the command line, and every defect, as errors for a person."""
    if isinstance(error, FlyoError):
        return error
    if isinstance(error, click.ClickException):
        ctx = error.ctx if isinstance(error, click.UsageError) else None
        command = ctx.command_path if ctx else "flyo"
        advice = f"'{command} --help' shows what it takes"
        # Every line begins with "flyo: " already.
        where = command if command != "flyo" else ""
        return FlyoError(error.format_message().rstrip("."), where=where, next=advice, code="usage", exit=Exit.USAGE)
    return Defect(error)


def _show_failure(failure: FlyoError, arguments: list[str], environment: Environment | None) -> None:
    """One line for a person on stderr (on GitHub Actions also on the run's page), with --json one object on stdout."""
    from flyctl_orchestrator.report.error_text import error_as_dict, show_error, show_trace

    output = _output(environment)
    if isinstance(failure, Defect) and is_on(output.variables, "FLYO_TRACEBACK"):
        show_trace(failure.cause, output)
    document = None
    if wants_json(arguments):
        now = environment.clock.now() if environment else time.time()
        document = error_as_dict(failure, now=now, app=_failed_app(arguments, environment))
    show_error(failure, output, document=document)


def _output(environment: Environment | None) -> Output:
    from flyctl_orchestrator.report.output import Output

    return Output.of(environment) if environment else Output(sys.stdout, sys.stderr, os.environ)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return min(int(given), WIDTH)
    try:
        return min(os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH, WIDTH)
    except (OSError, ValueError, AttributeError):
        return WIDTH


def wants_json(arguments: list[str]) -> bool:
    """Whether --json was given (looked at before parsing, since parsing itself may fail)."""
    return "--json" in _own_options(arguments)


def _own_options(arguments: Sequence[str]) -> Sequence[str]:
    """The words that are flyo's own; those after "--" are another program's."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _failed_app(arguments: Sequence[str], environment: Environment | None) -> str | None:
    """The app that a command was about, by its words and files, as parsing may have failed; None where nothing tells.

    Args:
        environment: the world outside; None for that of this process.
    """
    from flyctl_orchestrator.environment import Environment
    from flyctl_orchestrator.project.project import find_app

    options = _own_options(arguments)
    config = _value(options, "-c", "--config")
    try:
        world = environment or Environment.of_process()
        return find_app(world.cwd, Path(config) if config else None, _value(options, "-a", "--app"), world.variables)
    except Exception:  # noqa: BLE001 whatever is wrong with the files may be the very error that is being told
        return None


def _value(options: Iterable[str], short: str, long: str) -> str | None:
    """What stands behind an option, the last one if it is given again."""
    found = None
    words = iter(options)
    for word in words:
        if word in (short, long):
            found = next(words, None)
        elif word.startswith(f"{long}="):
            found = word.partition("=")[2]
        elif word.startswith(short) and len(word) > len(short) and not word.startswith("--"):
            found = word[len(short) :]
    return found


def main() -> None:
    """The console script: runs the command line of this process, and ends it with the status."""
    hold_streams()
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while the end is told
        sys.exit(Exit.INTERRUPTED)
