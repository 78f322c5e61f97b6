"""`flyo local`: start, stop and look into the local platform."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.commands.local_fault import fault
from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, raw_option, yes_option


@click.group()
def local() -> None:
    """A small Fly on this computer: apps, machines, secrets, a proxy. No account, no Docker, no network."""


local.add_command(fault)


@local.command(short_help="Start the platform in the background.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Where to listen on 127.0.0.1 (default 4280, any when that is taken; 0: any).",
)
@click.option("--delays/--no-delays", default=None, help="Answer as slowly as the distance between regions would.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", "process", "container"]),
    help="How apps run that do not say it in flyo.toml (auto: in containers where an engine answers).",
)
@pass_command_context
def up(context: CommandContext, port: int | None, delays: bool | None, runtime: str | None) -> None:
    """Start the platform in the background; it stays up until `down`."""
    from flyctl_orchestrator.cli.local.command import start

    start(context, port, {"delays": delays, "runtime": runtime})


@local.command(short_help="Stop the platform and every machine.")
@pass_command_context
def down(context: CommandContext) -> None:
    """Stop the platform and every machine; apps are there again after the next `up`."""
    from flyctl_orchestrator.cli.local.command import stop

    stop(context)


@local.command(short_help="What runs, and where apps answer.")
@json_option
@pass_command_context
def status(context: CommandContext) -> None:
    """Show what runs: the platform itself, its apps and where they answer."""
    from flyctl_orchestrator.cli.local.command import show_status

    show_status(context)


@local.command(name="open", short_help="Open the platform's page in a browser.")
@click.option("--print", "only_print", is_flag=True, help="Only print the link, which signs one browser in.")
@pass_command_context
def open_(context: CommandContext, only_print: bool) -> None:
    """Open the platform's page: the world with its machines, traffic, faults and rollouts, to look at and to click."""
    from flyctl_orchestrator.cli.local.page import open_page

    open_page(context, only_print=only_print)


@local.command(short_help="Start, stop, suspend, restart, cordon or uncordon a machine.")
@click.argument("action", type=click.Choice(["start", "stop", "suspend", "restart", "cordon", "uncordon"]))
@click.argument("id")
@click.option("-a", "--app", required=True, type=Known("app", local=True), help="The machine's app.")
@pass_command_context
def machine(context: CommandContext, action: str, id: str, app: str) -> None:
    """Have one machine start, stop, suspend, restart, or take requests no more (cordon) or again (uncordon)."""
    from flyctl_orchestrator.cli.local.machine import act_on_machine

    act_on_machine(context, action, id, app)


@local.command(short_help="Destroy every local app.")
@yes_option
@pass_command_context
def reset(context: CommandContext) -> None:
    """Destroy every app of the platform, with its machines and secrets."""
    from flyctl_orchestrator.cli.local.command import destroy_everything

    destroy_everything(context)


@local.command(short_help="Destroy one local app.")
@click.argument("app", type=Known("app", local=True))
@yes_option
@pass_command_context
def destroy(context: CommandContext, app: str) -> None:
    """Destroy one app of the platform, with its machines, volumes and secrets."""
    from flyctl_orchestrator.cli.local.command import destroy_app

    destroy_app(context, app)


@local.command(short_help="What machines and the platform wrote.")
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they are written.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="How many earlier lines."
)
@click.option(
    "-a",
    "--app",
    type=Known("app", local=True),
    help="Only lines of this app (default: that of the project here, else all).",
)
@click.option("--all", "all_apps", is_flag=True, help="Lines of all apps, and of the platform itself.")
@click.option("--machine", type=Known("machine", local=True), help="Only lines of this machine.")
@click.option("--region", type=Known("region"), help="Only lines of this region.")
@raw_option
@json_option
@pass_command_context
def logs(
    context: CommandContext,
    follow: bool,
    limit: int,
    app: str | None,
    all_apps: bool,
    machine: str | None,
    region: str | None,
    raw: bool,
) -> int:
    """Show what machines and the platform wrote: in a project's directory that of its app, elsewhere all of it."""
    from flyctl_orchestrator.cli.local.logs import app_here, show_logs

    if app and all_apps:
        raise click.UsageError("--app and --all cannot be used together")
    app = app or (None if all_apps or machine else app_here(context))
    return show_logs(context, limit, {"app": app, "machine": machine, "region": region}, follow=follow, raw=raw)


@local.command(short_help="Variables that lead flyctl to the platform, for eval.")
@click.option("--shell", type=click.Choice(["sh", "fish"]), help="The shell that is to read them (default: $SHELL).")
@pass_command_context
def env(context: CommandContext, shell: str | None) -> None:
    """Print what leads flyctl and others to the platform, as in: eval "$(flyo local env)"."""
    from flyctl_orchestrator.cli.local.shell import show_variables

    show_variables(context, shell)


@local.command(short_help="Run a command against the platform.", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_command_context
def exec(context: CommandContext, command: tuple[str, ...]) -> int:
    """Run a command that finds the platform where it looks for Fly.io, as in: flyo local exec -- flyctl apps list."""
    from flyctl_orchestrator.cli.local.shell import run_against_it

    return run_against_it(context, command)
