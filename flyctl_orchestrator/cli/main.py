"""The `flyo` command: turns every end of a command into one line and one exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flyctl_orchestrator.cli.root import flyo
from flyctl_orchestrator.cli.streams import hold_streams
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit

if TYPE_CHECKING:
    from flyctl_orchestrator.environment import Environment

# Columns of help pages, where nothing else is known; click would import half a library to find out.
WIDTH = 80


def run(arguments: list[str], environment: Environment | None = None) -> int:
    """Run one command line and return its exit status; nothing escapes as a traceback.

    FLYO_TRACEBACK=1 in the environment lets a defect's traceback through, for a bug report.

    Args:
        environment: the world outside; None for that of this process.
    """
    try:
        return _run(arguments, environment)
    except FlyoError as error:
        _show_error(error, arguments, environment)
        return int(error.exit)


def _run(arguments: list[str], environment: Environment | None) -> int:
    """As `run`; every failure is a FlyoError."""
    obj = None
    if environment is not None:
        from flyctl_orchestrator.cli.context import CommandContext

        obj = CommandContext(environment)
    try:
        status = flyo.main(arguments, prog_name="flyo", standalone_mode=False, obj=obj, terminal_width=_columns())
        return int(status) if isinstance(status, int) else Exit.OK
    except FlyoError:
        raise
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "flyo"
        what, advice = error.format_message().rstrip("."), f"'{where} --help' shows what it takes"
        raise FlyoError(what, where=where, next=advice, code="usage", exit=Exit.USAGE) from None
    except click.ClickException as error:
        raise FlyoError(error.format_message()) from None
    except (KeyboardInterrupt, EOFError, click.Abort):
        raise FlyoError("interrupted", code="interrupted", exit=Exit.INTERRUPTED) from None
    except Exception as error:  # the last door: no defect shows a traceback to a user
        if (environment.variables if environment else os.environ).get("FLYO_TRACEBACK"):
            raise
        what, advice = (
            f"a defect in flyo: {type(error).__name__}",
            "Run again with FLYO_TRACEBACK=1 and report what it prints",
        )
        raise FlyoError(what, next=advice, code="defect") from None


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return min(int(given), WIDTH)
    try:
        return min(os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH, WIDTH)
    except (OSError, ValueError, AttributeError):
        return WIDTH


def _show_error(error: FlyoError, arguments: list[str], environment: Environment | None) -> None:
    """One line for a person on stderr (on GitHub Actions also on the run's page), with --json one object on stdout."""
    from flyctl_orchestrator.report.error_text import show_error
    from flyctl_orchestrator.report.output import Output

    output = Output.of(environment) if environment else Output(sys.stdout, sys.stderr, os.environ)
    show_error(error, output, as_json=wants_json(arguments))


def wants_json(arguments: list[str]) -> bool:
    """Whether --json was given (looked at before parsing, since parsing itself may fail)."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def main() -> None:
    """Console script."""
    hold_streams()
    sys.exit(run(sys.argv[1:]))
