"""`flyo plan`: what a deploy would change."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.cli.build_options import build_options, built_with
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import accept_option, json_option, part_options, policy_options, target_options


@click.command()
@target_options
@json_option
@click.option("-i", "--image", help="Plan for this image; without it every machine counts as changed by a new one.")
@build_options
@policy_options
@part_options
@accept_option
@click.option("--detailed-exit-code", is_flag=True, help="Exit 7 when there is something to change.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also write the plan to this file.")
@built_with("--image")
@pass_command_context
def plan(context: CommandContext, image: str | None, detailed_exit_code: bool, out: Path | None) -> int:
    """Show what a deploy would change, wave by wave and machine by machine; nothing is built or changed.

    The local platform builds in a moment and without a trace on the fleet, so there the image is built and compared.
    """
    from flyctl_orchestrator.cli.plan import run_plan

    return run_plan(context, image, out, detailed=detailed_exit_code)
