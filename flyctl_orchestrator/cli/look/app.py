"""Which app a command that only looks is about."""

from __future__ import annotations

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
