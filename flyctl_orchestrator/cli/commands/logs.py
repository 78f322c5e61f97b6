"""`flyo logs`: what an app's machines wrote."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, raw_option, target_options
from flyctl_orchestrator.cli.quantities import Duration


@click.command()
@target_options
@json_option
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they come, until Ctrl-C.")
@click.option("--for", "seconds", type=Duration(), help="Follow for so long and end with 0, e.g. 30s.")
@click.option("-n", "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="Earlier lines.")
@click.option(
    "--region", "regions", multiple=True, type=Known("region"), help="Only lines of this region. May be given again."
)
@click.option(
    "--machine",
    "machines",
    multiple=True,
    type=Known("machine"),
    help="Only lines of this machine. May be given again.",
)
@raw_option
@pass_command_context
def logs(
    context: CommandContext,
    follow: bool,
    seconds: float | None,
    limit: int,
    regions: tuple[str, ...],
    machines: tuple[str, ...],
    raw: bool,
) -> int:
    """Show what the app's machines wrote, all regions in one stream, oldest line first.

    The platform keeps only the newest lines at hand, about a hundred for each region or machine that is named.
    Passwords in URLs and the values in queries are masked; --raw shows them.
    """
    from flyctl_orchestrator.cli.look.logs import Wanted, show_logs

    return show_logs(context, Wanted(limit, regions, machines, follow or seconds is not None, seconds, raw))
