"""What leads other programs to the local platform: variables for a shell, or for one command."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import ensure_local, require_running, variables_to
from flyctl_orchestrator.fleet.flyctl.find import find_flyctl


def show_variables(context: CommandContext, shell: str | None) -> None:
    """Print what leads flyctl and others to the platform, for eval.

    Args:
        shell: "sh" or "fish"; None for what $SHELL is.

    Raises:
        FlyoError: the platform does not run, or the lines cannot be written.
    """
    environment = context.environment
    fish = (shell or Path(environment.variables.get("SHELL", "")).name) == "fish"
    lines = [
        f"set -gx {name} {_fish_quoted(value)}" if fish else f"export {name}={shlex.quote(value)}"
        for name, value in variables_to(require_running(environment)).items()
    ]
    # flyctl would prefer it to FLY_API_TOKEN, even when it is empty.
    context.output.show(*lines, f"{'set -e' if fish else 'unset'} FLY_ACCESS_TOKEN")


def _fish_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run_against_it(context: CommandContext, command: tuple[str, ...]) -> int:
    """Run a command that finds the platform where it looks for Fly.io; gives the command's exit status.

    flyctl is the one that flyo itself uses with the platform: its stand-in where there is none.

    Raises:
        UnreachableError: the platform cannot be started.
    """
    environment = context.environment
    handed_out = ensure_local(environment)
    # Nothing of a real account reaches the command: no token, no app, no region of the surrounding environment.
    kept = {name: value for name, value in environment.variables.items() if not name.startswith("FLY_")}
    argv = command
    if command[0] in ("flyctl", "fly"):
        argv = (*find_flyctl(environment.variables, local=True)[1], *command[1:])
    status = at_this_terminal(argv, kept | handed_out, environment.cwd)
    if isinstance(status, OSError):
        context.output.say(f"flyo: {command[0]}: {status.strerror or status} [local.exec]")
        return 127 if isinstance(status, FileNotFoundError) else 126
    return status


def at_this_terminal(argv: Sequence[str], env: Mapping[str, str], directory: Path) -> int | OSError:
    """Run a program that shares our terminal; its exit status (128 + N after signal N), or why it cannot be run.

    Args:
        env: its whole environment; its PATH is where the program is looked for.
        directory: where it runs.
    """
    try:
        child = subprocess.Popen(tuple(argv), env=env, cwd=directory)
    except OSError as error:
        return error
    status = _patiently(child)
    return 128 - status if status < 0 else status


def _patiently(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child that shares our terminal: a Ctrl-C is its own, and it decides when to end."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
