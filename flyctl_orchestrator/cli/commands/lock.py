"""`flyo lock`: who holds the app's lock; take it by hand, release it."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.quantities import Duration


@click.group()
def lock() -> None:
    """One rollout at a time changes an app, from whichever computer: the one that holds the app's lock.

    A lock that is taken by hand keeps every rollout from starting until it is released.
    """


@lock.command(short_help="Who holds it, since when and why.")
@target_options
@json_option
@pass_command_context
def status(context: CommandContext) -> None:
    """Show who holds the lock, since when and why."""
    from flyctl_orchestrator.cli.lock import show_lock

    show_lock(context)


@lock.command(short_help="Keep every rollout away until it is released.")
@target_options
@click.option("--why", default="taken by hand", help="The reason, shown to everyone who tries to roll out.")
@click.option("--for", "seconds", type=Duration(), metavar="DURATION", help="Release it after this time, e.g. 2h.")
@pass_command_context
def take(context: CommandContext, why: str, seconds: float | None) -> None:
    """Take the lock by hand: no rollout starts, and none waits, until it is released or ends by itself."""
    from flyctl_orchestrator.cli.lock import take_lock

    take_lock(context, why, seconds)


@lock.command(short_help="Release it.")
@target_options
@click.option("--force", is_flag=True, help="Also another person's lock, or a running rollout's, which then stops.")
@pass_command_context
def release(context: CommandContext, force: bool) -> None:
    """Release the lock: your own, or with --force any other. A rollout that loses its lock stops at its next step."""
    from flyctl_orchestrator.cli.lock import release_lock

    release_lock(context, force=force)
