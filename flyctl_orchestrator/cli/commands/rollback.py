"""`flyo rollback`: back to an earlier release."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import (
    json_option,
    lock_option,
    target_options,
    verbose_option,
    watch_back_option,
    yes_option,
)


@click.command()
@click.argument("wanted", metavar="[RELEASE|ROLLOUT]", required=False)
@target_options
@json_option
@yes_option
@lock_option
@watch_back_option
@verbose_option("Every step and probe.")
@pass_command_context
def rollback(context: CommandContext, wanted: str | None) -> int:
    """Give every machine back what it had: image, configuration, count and sleep, proved by the same gate.

    Without a name it goes to the last good state before the present one, a scale aside; a release number or a rollout's
    id ('flyo history') names another. All regions go at once, without canary or bake. A rollback that fails is not
    rolled back.
    """
    from flyctl_orchestrator.cli.rollback import run_rollback

    return run_rollback(context, wanted)
