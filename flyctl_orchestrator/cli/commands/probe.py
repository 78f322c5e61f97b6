"""`flyo probe`: how long an app's answers take."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import goes_with, json_option, lock_option, target_options, yes_option
from flyctl_orchestrator.cli.quantities import Duration


@click.command()
@target_options
@json_option
@yes_option
@lock_option
@click.option(
    "--region",
    "regions",
    multiple=True,
    type=Known("region"),
    help="Ask only machines of this region. May be given again.",
)
@click.option(
    "--from", "clients", multiple=True, type=Known("region"), metavar="REGION|all",
    help="With --local: as a client in this region. May be given again.",
)  # fmt: skip
@click.option("--path", "paths", multiple=True, help="A page to ask for (default: the probe's). May be given again.")
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Requests per row that count."
)
@click.option("--timeout", type=Duration(), help="How long an answer may take (default: the probe's).")
@click.option("--cold", is_flag=True, help="Also suspend and wake a machine per region, and take the time.")
@click.option("--plot", is_flag=True, help="Draw a bar for each row.")
@click.option(
    "--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the picture to FILE."
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page to keep: one file."
)
@click.option(
    "--slo", "limits", multiple=True, metavar="NAME=LIMIT",
    help="p50, p95, p99, errors or cold, e.g. p95=200ms; a row above it ends with 1. May be given again.",
)  # fmt: skip
@goes_with("--lock-wait", "--cold")
@pass_command_context
def probe(
    context: CommandContext,
    regions: tuple[str, ...],
    clients: tuple[str, ...],
    paths: tuple[str, ...],
    count: int,
    timeout: float | None,
    cold: bool,
    plot: bool,
    svg: Path | None,
    html: Path | None,
    limits: tuple[str, ...],
) -> int:
    """Measure how long answers take, region by region: p50, p95, p99 and errors.

    From here each started machine is asked; sleeping ones are not woken. With --local --from REGION it is measured
    what a client in that region gets. Exit status: 0 measured, and within every --slo; 1 above one, or nobody answered;
    5 not measured, so nobody can say.
    """
    from flyctl_orchestrator.cli.look.measure.probe import Wanted, run_probe

    return run_probe(context, Wanted(regions, clients, paths, count, timeout, cold, plot, svg, html, limits))
