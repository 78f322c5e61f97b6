"""`flyo local fault`: have the local platform misbehave."""

from __future__ import annotations

from typing import Any

import click

from flyctl_orchestrator.cli.complete.known import Known
from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option
from flyctl_orchestrator.cli.quantities import Amount, Duration


@click.group(short_help="Have the platform misbehave: add, list, clear, names.")
def fault() -> None:
    """Faults of the local platform, to see what a rollout does then: regions down, slow boots, 429s, lost answers…"""


@fault.command(short_help="Set a fault.")
@click.argument("name")
@click.option("--region", type=Known("region"), metavar="REGION", help="Only in this region.")
@click.option("-a", "--app", type=Known("app", local=True), help="Only for this app.")
@click.option("--machine", type=Known("machine", local=True), metavar="ID", help="Only for this machine.")
@click.option("--for", "for", type=Duration(), help="How long it lasts, e.g. 30s (default: until it is cleared).")
@click.option("--times", type=click.IntRange(1), help="How often it strikes.")
@click.option("--chance", type=Amount(0, 1, min_open=True), help="How likely it strikes, e.g. 0.3.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="A setting of it; 'names' lists them.")
@json_option
@pass_command_context
def add(context: CommandContext, /, name: str, settings: tuple[str, ...], **about: Any) -> None:
    """Set a fault, as in: flyo local fault add region-down --region fra --for 30s."""
    from flyctl_orchestrator.cli.local.fault import add_fault

    add_fault(context, {"name": name, **about}, settings)


@fault.command("list", short_help="The faults that are set.")
@json_option
@pass_command_context
def list_(context: CommandContext) -> None:
    """Show the faults that are set, and how often each struck."""
    from flyctl_orchestrator.cli.local.fault import list_faults

    list_faults(context)


@fault.command(short_help="Clear faults by their ids.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Clear every fault.")
@pass_command_context
def clear(context: CommandContext, ids: tuple[str, ...], everything: bool) -> None:
    """Clear the named faults, or with --all every one."""
    from flyctl_orchestrator.cli.local.fault import clear_faults

    clear_faults(context, ids, everything=everything)


@fault.command(short_help="What faults there are.")
@json_option
@pass_command_context
def names(context: CommandContext) -> None:
    """Show what faults there are, what each does, and what can be set about it with --set."""
    from flyctl_orchestrator.cli.local.fault import show_names

    show_names(context)
