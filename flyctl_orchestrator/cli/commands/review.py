"""`flyo review`: an app for each pull request, created, deployed and removed again."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.build_options import build_options
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import accept_option, target_options, verbose_option, yes_option
from flyctl_orchestrator.cli.quantities import Amount

_number = click.option("--number", type=click.IntRange(1), help="Of the pull request (in its pipeline: not needed).")


@click.group()
def review() -> None:
    """An app for each pull request: APP-pr-NUMBER, with one machine a process group."""


@review.command(short_help="Create the app if it is not there, and deploy to it.")
@_number
@click.option(
    "--budget", type=Amount(0, min_open=True), default=10.0, show_default=True, metavar="USD",
    help="What it may cost a month; above it nothing is created.",
)  # fmt: skip
@click.option(
    "--secrets", "source", metavar="FILE|-", help="Its secrets: NAME=VALUE lines of a .env file, or of stdin."
)
@click.option("--org", metavar="SLUG", help="Organization to create it in.")
@target_options
@build_options
@accept_option
@verbose_option("Every step, probe and line of flyctl.")
@pass_command_context
def up(context: CommandContext, number: int | None, budget: float, source: str | None, org: str | None) -> int:
    """Create APP-pr-NUMBER unless it is there, set its secrets, and deploy; one machine a process group.

    Secrets that any random value will do for are generated. Hooks are not run.
    """
    from flyctl_orchestrator.cli.review.command import Wanted, review_up

    return review_up(context, Wanted(number, budget, org, source))


@review.command(short_help="Destroy the app with everything that belongs to it.")
@_number
@target_options
@yes_option
@pass_command_context
def down(context: CommandContext, number: int | None) -> int:
    """Destroy APP-pr-NUMBER, its machines, volumes and secrets. One that is not there is no failure."""
    from flyctl_orchestrator.cli.review.command import review_down

    return review_down(context, number)
