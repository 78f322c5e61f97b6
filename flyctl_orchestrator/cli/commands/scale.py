"""`flyo scale`: exact machine counts per region."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, lock_option, target_options, verbose_option, yes_option


@click.command()
@click.argument("wanted", nargs=-1, metavar="[[GROUP:]REGION=COUNT]...")
@target_options
@json_option
@yes_option
@lock_option
@click.option(
    "--like",
    type=Known("machine"),
    metavar="MACHINE",
    help="Copy this machine, not the newest verified one of its group.",
)
@click.option("--with-volumes", is_flag=True, help="Destroy the volumes of machines that go, too.")
@click.option("--save", is_flag=True, help="Write the counts into flyo.toml as well.")
@click.option("--no-hooks", is_flag=True, help="Leave out the commands of [hooks] and [probe].")
@verbose_option("Every step and probe.")
@pass_command_context
def scale(
    context: CommandContext, wanted: tuple[str, ...], like: str | None, with_volumes: bool, save: bool, no_hooks: bool
) -> int:
    """Have exactly COUNT machines in each REGION; regions that are not named stay as they are.

    Without arguments the whole fleet is made to match flyo.toml. New machines are copies of a verified one and are
    proved healthy before anything is removed; when one fails, all new ones are destroyed again. Each new machine of a
    process group with [mounts] gets a volume; that of a machine that goes is kept, unless --with-volumes. It is a
    rollout like any other: 'flyo deploy --resume' or '--abort' ends one that was killed.
    """
    from flyctl_orchestrator.cli.scale import ScaleRequest, run_scale

    return run_scale(context, ScaleRequest(wanted, like, save=save, hooks=not no_hooks, with_volumes=with_volumes))
