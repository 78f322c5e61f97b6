"""`flyo open`: the app in a browser."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import target_options


@click.command()
@target_options
@click.option("--print", "only_print", is_flag=True, help="Print the address and open nothing.")
@click.argument("path", default="/", required=False)
@pass_command_context
def open(context: CommandContext, path: str, only_print: bool) -> None:
    """Open the app, or PATH of it, in a browser ($BROWSER, or the desktop's own)."""
    from flyctl_orchestrator.cli.look.open import open_app

    open_app(context, path, only_print=only_print)
