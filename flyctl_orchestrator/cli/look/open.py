"""What `flyo open` does: shows an app's address, to a browser or on stdout."""

from __future__ import annotations

import webbrowser

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.look.app import app_to_look_at
from flyctl_orchestrator.cli.target import APP_URL, wants_local
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.variables import address


def open_app(context: CommandContext, path: str, *, only_print: bool) -> None:
    """Open `path` of the app in a browser.

    Raises:
        UsageError: there is no such path, or nothing names the app.
        FlyoError: no browser could be started (code open.browser), or the platform cannot be reached.
    """
    if "://" in path or any(each.isspace() or not each.isprintable() for each in path):
        raise UsageError(f"'{path[:60]}' is not a path", where="flyo open", next="Write e.g. /admin", code="usage.path")
    url = _base(context, app_to_look_at(context)) + (path if path.startswith("/") else f"/{path}")
    if only_print:
        context.output.show(url)
        return
    if not webbrowser.open(url):
        raise FlyoError(
            f"no browser could be started for {url}",
            where="flyo open",
            next="'flyo open --print' prints the address",
            code="open.browser",
        )
    context.output.say(f"opened {url}")


def _base(context: CommandContext, app: str) -> str:
    """Scheme and host of the app; of one on Fly.io without asking anybody, so that no token is needed."""
    environment = context.environment
    if wants_local(environment, context.options.local):
        return context.target(needs_flyctl=False).app_url(app)
    return (address(environment.variables, "FLYO_APP_URL") or APP_URL).replace("{app}", app)
