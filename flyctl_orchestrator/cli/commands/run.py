"""`flyo run`: one command in a machine."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import target_options


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@target_options
@click.option("--region", type=Known("region"), help="In a machine of this region.")
@click.option("--machine", type=Known("machine"), help="In this machine.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_command_context
def run(context: CommandContext, region: str | None, machine: str | None, command: tuple[str, ...]) -> int:
    """Run COMMAND in a started machine, as in: flyo run -- python manage.py migrate.

    On Fly.io this is 'flyctl ssh console --command', and the exit status is flyctl's. On the local platform COMMAND is
    a program of this computer, in the machine's directory and with its environment, or one of the machine's container;
    the exit status is its own.
    """
    from flyctl_orchestrator.cli.look.inside import Wanted, run_inside

    return run_inside(context, Wanted(region, machine), command)
