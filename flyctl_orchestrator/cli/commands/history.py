"""`flyo history`: what was done to an app, newest first; `flyo history show`: one rollout again."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, target_options


@click.group(invoke_without_command=True)
@target_options
@json_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many rollouts to show.")
@click.pass_context
@pass_command_context
def history(context: CommandContext, click_context: click.Context, limit: int) -> None:
    """Show when the app was rolled out or scaled, its secrets changed, its lock taken by hand; by whom, how it ended.

    What was done on this computer comes from its journals. Of other computers' rollouts the machines' metadata and
    flyctl's releases tell, which is less; of secrets and locks that were changed there nothing is known.
    """
    if click_context.invoked_subcommand is None:
        from flyctl_orchestrator.cli.history import show_history

        show_history(context, limit)


@history.command(short_help="Show one rollout again, or write a report on it.")
@click.argument("rollout")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a report to keep: one file."
)
@target_options
@json_option
@pass_command_context
def show(context: CommandContext, rollout: str, html: Path | None) -> None:
    """Show what happened in ROLLOUT: its id, the end of it or its number, or "last".

    The events of the newest rollouts that were made on this computer are kept beside their journals. With --html they
    become one file that needs nothing else: the map and the waves at every moment, how each machine answered, what went
    wrong, and how it ended. It holds no secret.
    """
    from flyctl_orchestrator.cli.past.show import show_rollout

    show_rollout(context, rollout, html)
