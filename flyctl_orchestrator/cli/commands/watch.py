"""`flyo watch`: wakes each sleeping machine, looks at it, and puts it back to sleep."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, lock_option, target_options
from flyctl_orchestrator.cli.quantities import Duration


@click.command()
@target_options
@json_option
@lock_option
@click.option(
    "--region", "regions", multiple=True, type=Known("region"), help="Only machines of this region. May be given again."
)
@click.option("--max-cold", type=Duration(), metavar="DURATION", help="Longest cold start that is well, e.g. 3s.")
@pass_command_context
def watch(context: CommandContext, regions: tuple[str, ...], max_cold: float | None) -> int:
    """Wake each sleeping machine, time it until it serves, see that its checks pass, and put it back to sleep.

    Machines that run are looked at, too. For cron: the last line on stderr says what is wrong. Exit status: 0 every
    machine is well, 1 one is not, 6 a rollout is under way.
    """
    from flyctl_orchestrator.cli.look.measure.watch import run_watch

    return run_watch(context, regions, max_cold)
