"""`flyo regions`: Fly.io's regions, how far they are, and which suit an app's users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import goes_with, json_option, target_options
from flyctl_orchestrator.cli.quantities import Amount

_size = click.option("--vm-size", default="shared-cpu-1x", show_default=True, help="Size to name prices for.")
_memory = click.option(
    "--vm-memory", type=click.IntRange(256, 262_144), metavar="MB", help="Its memory (default: as flyo init writes it)."
)
# Where users come from that are those of an app.
COUNTED = "--users-from prometheus"
_rtt = click.option("--rtt", metavar="FILE", help="Round trips of your own, CSV or TOML, in place of the catalog's.")


@click.group()
def regions() -> None:
    """Fly.io's regions: where they are, what a machine costs there, and which suit an app's users."""


@regions.command("list")
@click.option(
    "--from", "start", metavar="PLACE",
    help="Where round trips are from: a city, country or region (default: this computer's place).",
)  # fmt: skip
@_rtt
@_size
@_memory
@json_option
@goes_with("--rtt", "--from")
@pass_command_context
def list_them(context: CommandContext, start: str | None, rtt: str | None, vm_size: str, vm_memory: int | None) -> None:
    """Show every region, the nearest first where it is known from where: by --from, or by this computer's time zone."""
    from flyctl_orchestrator.cli.catalog.regions import list_regions

    list_regions(context, start, rtt, (vm_size, vm_memory))


@regions.command()
@click.option("--users", metavar="LIST", help="Where they are, e.g. sg=40,de=30,us=30, or world.")
@click.option(
    "--users-from",
    "source",
    metavar="LOG",
    help="Where they are: an access log that names countries, or 'prometheus' for what Fly.io has counted of the app.",
)
@click.option(
    "--days", type=click.IntRange(1, 90), default=7, show_default=True, help="Of which Fly.io's count is taken."
)
@click.option("--column", metavar="NAME", help="Name of the country or region in a JSON log.")
@click.option("--budget", type=Amount(0, min_open=True), metavar="USD", help="What a month may cost.")
@click.option("--max", "most", type=click.IntRange(1), default=6, show_default=True, help="Regions at most.")
@click.option("--keep", metavar="REGIONS", help="Regions that have to be among them, e.g. iad.")
@click.option("--by", type=click.Choice(["mean", "p95"]), default="mean", show_default=True, help="What to make small.")
@click.option("--count", type=click.IntRange(1, 1000), default=1, show_default=True, help="Machines per region.")
@_rtt
@click.option("--plot", is_flag=True, help="Draw a map and a curve.")
@click.option("--svg", metavar="FILE", help="Draw them into a file.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page to keep: one file."
)
@_size
@_memory
@target_options
@json_option
@goes_with("--days", COUNTED)
@goes_with("--app", COUNTED)
@goes_with("--config", COUNTED)
@pass_command_context
def suggest(context: CommandContext, /, count: int, **chosen: Any) -> None:
    """Say which regions are fastest for your users, and what each further one buys.

    Every set of regions within the limits is looked at, so that no other one is faster. Users are a country of two
    letters, spread over its cities; a large city; one of Fly.io's regions; or `world`. Nobody is asked, but with
    --users-from prometheus: Fly.io's metrics are, for how many requests of the app came in by each region.
    """
    from flyctl_orchestrator.cli.catalog.regions import Limits, Pictures, suggest_regions
    from flyctl_orchestrator.cli.catalog.users import Asked

    suggest_regions(
        context,
        Asked(chosen["users"], chosen["source"], chosen["column"], chosen["rtt"], chosen["days"]),
        Limits(chosen["budget"], chosen["most"], chosen["keep"], chosen["by"]),
        count,
        (chosen["vm_size"], chosen["vm_memory"]),
        Pictures(chosen["plot"], chosen["svg"], chosen["html"]),
    )
