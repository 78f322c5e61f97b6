"""`flyo history`: what was done to an app, newest first."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, target_options


@click.command()
@target_options
@json_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many rollouts to show.")
@pass_command_context
def history(context: CommandContext, limit: int) -> None:
    """Show when the app was rolled out or scaled, its secrets changed, its lock taken by hand; by whom, how it ended.

    What was done on this computer comes from its journals. Of other computers' rollouts the machines' metadata and
    flyctl's releases tell, which is less; of secrets and locks that were changed there nothing is known.
    """
    from flyctl_orchestrator.cli.history import show_history

    show_history(context, limit)
