"""`flyo deploy`: build, release and roll out wave by wave."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from flyctl_orchestrator.cli.build_options import build_options, built_with
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import (
    accept_option,
    json_option,
    lock_option,
    not_with,
    part_options,
    policy_options,
    target_options,
    verbose_option,
    yes_option,
)

# What was begun before says itself what it is about.
HALF_WAY = ("--resume", "--abort")


@click.command()
@target_options
@json_option
@yes_option
@click.option("-i", "--image", help="Roll out this image instead of building one.")
@build_options
@policy_options
@part_options
@lock_option
@accept_option
@click.option("--again", is_flag=True, help="Make a new release although nothing has changed, as 'flyctl deploy' does.")
@click.option("--no-hooks", is_flag=True, help="Leave out the commands of [hooks] and [probe].")
@click.option("--resume", is_flag=True, help="Finish the rollout that was killed.")
@click.option("--abort", is_flag=True, help="Undo the rollout that was killed: every machine as it was before.")
@click.option(
    "--unfinished",
    type=click.Choice(["refuse", "resume", "abort"]),
    default="refuse",
    show_default=True,
    help="What to do first when an earlier rollout was killed: stop here, finish it, or undo it.",
)
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path, dir_okay=False), help="Run this plan ('flyo plan --out')."
)
@click.option("--web", is_flag=True, help="Serve a page on this computer that follows the rollout.")
@verbose_option("Every step, probe and line of flyctl.")
@not_with("--unfinished", *HALF_WAY)
@not_with("--accept", "--plan", *HALF_WAY)
@built_with("--image", *HALF_WAY)
@pass_command_context
def deploy(
    context: CommandContext,
    image: str | None,
    again: bool,
    no_hooks: bool,
    resume: bool,
    abort: bool,
    unfinished: Literal["refuse", "resume", "abort"],
    plan_file: Path | None,
    web: bool,
) -> int:
    """Build the image, release it, and roll it out region by region; every machine is proved healthy from outside.

    The canary region goes first. When a region does not pass the gate, every machine that was changed is rolled back:
    image, configuration, count and sleep. Ctrl-C does the same; a second Ctrl-C stops where it is.

    A rollout that was killed, on this computer or on another, is finished by --resume or undone by --abort. In a
    pipeline --unfinished does that first and then rolls out.

    On the local platform, a deploy that finds nothing changed rolls nothing out; with --again it does.

    With --web the rollout can be followed in a browser of this computer: the page's address is printed, works for one
    browser, and is gone when the command ends.
    """
    from flyctl_orchestrator.cli.deploy import DeployRequest, run_deploy

    wanted = {"hooks": not no_hooks, "web": web, "again": again}
    requested = DeployRequest(image, plan_file, resume, abort, unfinished=unfinished, **wanted)
    return run_deploy(context, requested)
