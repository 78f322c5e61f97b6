"""`flyo cost`: what the app costs a month."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.quantities import Amount
from flyctl_orchestrator.errors import UsageError

_gigabytes = Amount(0)
_number = click.IntRange(0, 1_000_000)
PLANS = ("basic", "starter", "launch", "scale", "performance")


@click.command()
@target_options
@click.option("--hours", type=Amount(0, 24), help="Hours a day for which a machine that may sleep is awake.")
@click.option("--rootfs-gb", type=_gigabytes, default=1.0, show_default=True, help="Size of the image on disk.")
@click.option("--snapshots-gb", type=_gigabytes, default=0.0, help="Size of all volume snapshots together.")
@click.option("--traffic", metavar="LIST", help="GB to the internet a month by region, e.g. iad=20,nrt=5.")
@click.option("--replays", metavar="LIST", help="GB to other regions a month by region; fly-replay's are in it.")
@click.option("--ipv4", type=_number, help="Dedicated IPv4 addresses.")
@click.option("--egress-ips", type=_number, help="Static egress addresses.")
@click.option("--certificates", type=_number, help="Certificates of single names.")
@click.option("--wildcards", type=_number, help="Wildcard certificates.")
@click.option("--postgres", type=click.Choice(PLANS), help="Plan of a Managed Postgres.")
@click.option("--postgres-gb", type=_gigabytes, default=0.0, help="Storage provisioned for it.")
@click.option("--reserve", metavar="LIST", help="Paid a year ahead, USD by kind, e.g. shared=36,performance=144.")
@click.option("--budget", type=Amount(0, min_open=True), metavar="USD", help="Exit 7 when it costs more.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page to keep: one file."
)
@click.option("--diff", is_flag=True, help="Show what the bill becomes, against what runs now; that is asked for.")
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="As --diff, against this fly.toml and the flyo.toml beside it.",
)
@json_option
@pass_command_context
def cost(
    context: CommandContext,
    /,
    budget: float | None,
    html: Path | None,
    diff: bool,
    against: Path | None,
    **use: Any,
) -> int:
    """Say what the app of fly.toml and flyo.toml costs a month, line by line; without --diff nobody is asked.

    Machines run all the time unless --hours says for how long those that may sleep are awake. fly.toml's
    min_machines_running keeps so many of the primary region awake. Without --hours and --budget, [budget] in flyo.toml
    counts. With --diff, addresses and certificates are those that the app has, unless they are given.
    """
    from flyctl_orchestrator.cli.catalog.cost import Lists, show_cost

    lists = Lists(use.pop("traffic"), use.pop("replays"), use.pop("reserve"))
    if diff or against is not None:
        if html is not None:
            raise UsageError("a page shows one bill", where="--html", next="Leave it out, or --diff", code="usage")
        from flyctl_orchestrator.cli.catalog.cost_change import show_change

        return show_change(context, lists, budget, use, against)
    return show_cost(context, lists, budget, use, html)
