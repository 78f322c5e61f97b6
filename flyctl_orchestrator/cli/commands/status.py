"""`flyo status`: machines, releases and health per region, now."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, not_with, target_options
from flyctl_orchestrator.cli.quantities import Amount

DETAILED = "Exit 7 when the fleet is mixed, drifted or left half-way, 1 when a machine is not healthy."


@click.command()
@target_options
@json_option
@click.option("--machines", "by_machine", is_flag=True, help="A row per machine instead of one per region.")
@click.option("--no-probe", is_flag=True, help="Do not probe the machines; show only what the platform reports.")
@click.option("--detailed-exit-code", is_flag=True, help=DETAILED)
@click.option(
    "--watch",
    "interval",
    type=Amount(min=1, max=86400),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="A live board, with keys for logs, open, restart and quit; with --plain page after page.",
)
@not_with("--detailed-exit-code", "--watch")
@pass_command_context
def status(
    context: CommandContext,
    by_machine: bool,
    no_probe: bool,
    detailed_exit_code: bool,
    interval: float | None,
) -> int:
    """Show per region: machines, states, release, image, checks, and what every started machine answers right now.

    Sleeping machines are not woken. Says when the fleet is mixed or differs from flyo.toml, and when a rollout of this
    computer was stopped half-way.
    """
    from flyctl_orchestrator.cli.status import StatusRequest, run_status

    wanted = StatusRequest(by_machine, probe=not no_probe, detailed=detailed_exit_code, interval=interval)
    return run_status(context, wanted)
