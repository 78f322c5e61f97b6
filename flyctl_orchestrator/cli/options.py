"""Options that many commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def target_options(command: F) -> F:
    """--local, -a/--app and -c/--config: which Fly, which app."""
    for option in (
        click.option(
            "-c",
            "--config",
            "config_path",
            type=click.Path(path_type=Path),
            help="fly.toml to use (default: ./fly.toml).",
        ),
        click.option("-a", "--app", "app_name", help="App name (default: from fly.toml)."),
        click.option(
            "--local",
            is_flag=True,
            help="Use the local platform (or FLYO_TARGET=local).",
        ),
    ):
        command = option(command)
    return command


def json_option(command: F) -> F:
    """--json: stdout holds JSON alone and nothing asks a question."""
    return click.option("--json", "as_json", is_flag=True, help="JSON on stdout; never asks anything.")(command)


def yes_option(command: F) -> F:
    """-y/--yes: go ahead without asking."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")(command)
