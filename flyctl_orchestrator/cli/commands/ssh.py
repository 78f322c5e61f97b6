"""`flyo ssh`: a shell in a machine."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import target_options


@click.command()
@target_options
@click.option("--region", type=Known("region"), help="In a machine of this region.")
@click.option("--machine", type=Known("machine"), help="In this machine.")
@pass_command_context
def ssh(context: CommandContext, region: str | None, machine: str | None) -> int:
    """Open a shell in a started machine, and end as the shell does.

    On Fly.io this is 'flyctl ssh console'. On the local platform the shell is one of this computer, in the machine's
    directory and with its environment; or the container's, for a machine that runs in one.
    """
    from flyctl_orchestrator.cli.look.inside import Wanted, open_shell

    return open_shell(context, Wanted(region, machine))
