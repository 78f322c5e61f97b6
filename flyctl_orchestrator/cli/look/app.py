"""Which app a command that only looks is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.project.flytoml.formats import config_in


def app_to_look_at(context: CommandContext) -> str:
    """The app's name: from --app, which works from anywhere, or from the files here.

    Raises:
        UsageError: neither names one.
    """
    options = context.options
    if options.app and options.config is None and config_in(context.environment.cwd) is None:
        return options.app
    return context.project_to_look().app


def require_regions(context: CommandContext, codes: Iterable[str], offered: Callable[[], Iterable[str]]) -> None:
    """Go on only when every code is a region's, also one that is closed: machines may have run there.

    Args:
        offered: asks the platform for its regions; only called for a code that the catalog does not know.

    Raises:
        UsageError: one is none, neither in the catalog nor on the platform (code config.unknown_region).
    """
    book = load_regions(context.environment.variables)
    unknown = [code for code in codes if book.get(code) is None and code not in book.closed]
    if unknown:
        known = book.with_codes(offered())
        for code in unknown:
            known.require(code, where="--region")
