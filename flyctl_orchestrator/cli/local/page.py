"""What `flyo local open` does: shows the platform's page, to a browser or as a link."""

from __future__ import annotations

import webbrowser

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import ask, start_local
from flyctl_orchestrator.errors import FlyoError


def open_page(context: CommandContext, *, only_print: bool) -> None:
    """Open the page of the platform, which is started when it does not run, in a browser that is signed in by the link.

    Args:
        only_print: write the link to stdout instead; it works once, and for two minutes.

    Raises:
        UnreachableError: the platform cannot be started here.
        FlyoError: no browser could be started (code open.browser).
    """
    environment = context.environment
    running = start_local(environment)
    link = str(ask(environment, running, "POST", "/_local/page")["url"])
    if only_print:
        context.output.show(link)
        return
    address = link.partition("#")[0]
    if not webbrowser.open(link):
        raise FlyoError(
            f"no browser could be started for {address}",
            where="flyo local open",
            next="'flyo local open --print' prints a link that signs a browser in",
            code="open.browser",
        )
    context.output.say(f"opened {address}")
