"""`flyo init`: fly.toml, flyo.toml and a Dockerfile, from questions or from flags."""

from __future__ import annotations

from typing import Any

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, local_option, not_with, yes_option
from flyctl_orchestrator.project.example import EXAMPLES

AUTO_STOP = ("suspend", "stop", "off")


@click.command()
@click.option("-a", "--app", "--name", "app", metavar="NAME", help="App name, unique on Fly.io.")
@click.option(
    "--primary", type=Known("region"), metavar="CODE", help="Primary region, e.g. iad (default: first of --regions)."
)
@click.option(
    "--regions",
    multiple=True,
    type=Known("region", listed=True),
    metavar="CODE[=N],…",
    help="Regions in rollout order: iad=2,fra,nrt.",
)
@click.option("--internal-port", "port", type=click.IntRange(1, 65535), help="Port the app listens on.")
@click.option("--health-path", "health", metavar="PATH", help="Path that answers 200 when the app is well.")
@click.option("--auto-stop", type=click.Choice(AUTO_STOP), help="What happens to a machine that has no requests.")
@click.option("--vm-size", "size", metavar="SIZE", help="Machine size, e.g. shared-cpu-1x.")
@click.option("--vm-memory", "memory", metavar="SIZE", help="Memory per machine, e.g. 512mb.")
@click.option("--start", metavar="COMMAND", help="Start command, for a new Dockerfile; may use $PORT.")
@click.option(
    "--database",
    type=click.Choice(("litefs",)),
    help="Copy a SQLite database to every machine with LiteFS, which Fly.io does not support.",
)
@click.option("--example", type=click.Choice(tuple(EXAMPLES)), help="Copy this app into the empty directory first.")
@click.option("--create/--no-create", default=None, help="Also create the app on Fly.io (with --local: there).")
@click.option("--org", metavar="SLUG", help="Organization to create it in.")
@local_option
@click.option("--dry-run", is_flag=True, help="Print the files and write nothing.")
@yes_option
@json_option
@not_with("--start", "--example")
@not_with("--org", "--no-create")
@pass_command_context
def init(
    context: CommandContext,
    /,
    example: str | None,
    create: bool | None,
    org: str | None,
    dry_run: bool,
    **answers: Any,
) -> None:
    """Prepare the app in this directory for Fly.io.

    Asks at a terminal; elsewhere, and with --yes, flags and defaults decide. Files that exist are edited in place and
    keep their comments; an existing Dockerfile is never touched.
    """
    from flyctl_orchestrator.cli.init.command import asked_of, run_init
    from flyctl_orchestrator.cli.init.request import InitRequest

    run_init(context, InitRequest(example, create, org, dry_run), asked_of(context.environment, **answers))
