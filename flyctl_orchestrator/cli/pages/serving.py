"""What --web does: serves a page that follows the rollout, for as long as the command runs."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.following import told_error
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from flyctl_orchestrator.report.base import Fact

WHERE, LOOPBACK = "flyo deploy --web", "127.0.0.1"


def require_servable(find: Callable[[str], object] = importlib.util.find_spec) -> None:
    """The page needs a package that comes with the extra `local`.

    Args:
        find: gives None for a package that is not installed.

    Raises:
        UnreachableError: it is not installed (code web.extras).
    """
    if find("aiohttp") is None:
        raise UnreachableError(
            "the page needs a package that is not installed (aiohttp)",
            where=WHERE,
            next="Run pip install '.[local]' in flyo's own clone, or leave --web out",
            code="web.extras",
        )


@contextmanager
def served(context: CommandContext, app: str, address: str = LOOPBACK) -> Iterator[Callable[[Fact], None]]:
    """What to call with each event of a command. Where the page is, is said once; an error that ends it is told, too.

    Args:
        app: that it is about.
        address: to listen on.

    Raises:
        UnreachableError: it cannot be served (codes web.extras, web.port).
    """
    require_servable()
    from flyctl_orchestrator.report.web.server import RolloutServer

    environment = context.environment
    try:
        server = RolloutServer(load_regions(environment.variables), address)
    except OSError as error:
        raise UnreachableError(
            f"nothing can be served on {address}: {os.strerror(error.errno) if error.errno else error}",
            where=WHERE,
            next="Leave --web out",
            code="web.port",
        ) from error
    try:
        context.output.say(f"follow it on {server.link()} (this link signs one browser in, once)")
        if context.environment.interactive and not context.options.as_json and _has_browser(context):
            _open(server.link(awaited=True))
        yield server.hear
    except FlyoError as error:
        server.see(told_error(error, environment.clock, app))
        raise
    finally:
        server.close()


def _has_browser(context: CommandContext) -> bool:
    """Whether a browser has a window here: one in the terminal would be in the way of the rollout's lines."""
    windows = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("darwin", "win32") or any(context.environment.variables.get(name) for name in windows)


def _open(link: str) -> None:
    # A browser may take its time to start, and a rollout waits for none.
    threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
