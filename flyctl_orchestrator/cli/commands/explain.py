"""`flyo explain`: what a code means."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from flyctl_orchestrator.catalog.error_pages import load_pages

    return [CompletionItem(code, help=page.means) for code, page in load_pages().items() if code.startswith(incomplete)]


@click.command()
@click.argument("code", required=False, shell_complete=_complete)
@json_option
@pass_command_context
def explain(context: CommandContext, code: str | None) -> None:
    """Say what CODE means, why it happens and what to do; without CODE, list all of them.

    CODE is what stands in brackets at the end of an error's line, such as api.network, what flyo doctor finds, or what
    fly-proxy writes into logs, such as PC01.
    """
    from flyctl_orchestrator.cli.look.explain import run_explain

    run_explain(context, code)
