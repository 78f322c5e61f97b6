"""`flyo doctor`: what is wrong, or will be."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, target_options


@click.command()
@target_options
@json_option
@click.option("--files", "only_files", is_flag=True, help="Look at the files alone; ask nobody.")
@click.option("--fix", is_flag=True, help="Put right in fly.toml what has no risk; says each change.")
@click.option("--strict", is_flag=True, help="Warnings count as errors in the exit status.")
@pass_command_context
def doctor(context: CommandContext, only_files: bool, fix: bool, strict: bool) -> int:
    """Look for what is wrong or will be: in the files, at the machines, with --local also on this computer.

    Each finding says how bad it is, why, and what to do; 'flyo explain CODE' says more. Exit status: 0 no error was
    found (warnings may be), 1 one was, 8 none was found but a part could not be looked at.
    """
    from flyctl_orchestrator.cli.look.doctor import Wanted, run_doctor

    return run_doctor(context, Wanted(only_files, fix, strict))
