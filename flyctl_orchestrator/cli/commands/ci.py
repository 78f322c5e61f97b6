"""`flyo ci`: a pipeline for GitHub Actions or GitLab CI."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import config_option


@click.group()
def ci() -> None:
    """Pipelines that rehearse, plan and deploy."""


@ci.command(short_help="Write a pipeline.")
@click.argument("host", type=click.Choice(["github", "gitlab"]))
@click.option("--branch", default="main", show_default=True, help="The branch that is deployed.")
@click.option("--review", is_flag=True, help="Also an app for each pull request ('flyo review').")
@click.option("--install", metavar="SPEC", help="What pip installs there (default: where this flyo came from).")
@click.option("--print", "show", is_flag=True, help="Print the files and write nothing.")
@config_option
@pass_command_context
def init(context: CommandContext, host: str, branch: str, review: bool, install: str | None, show: bool) -> None:
    """Write a pipeline for GitHub Actions or GitLab CI, with every program in it pinned.

    Each change is rehearsed without a token; a pull request gets the plan as a comment; the branch is deployed, one run
    after the other. Files that exist are left alone.
    """
    from flyctl_orchestrator.cli.ci.command import Wanted, init_ci

    init_ci(context, Wanted(host, branch, review, install, show))
