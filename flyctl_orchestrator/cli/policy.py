"""Flags that stand in for flyo.toml's [rollout]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.duration import parse_duration

F = TypeVar("F", bound=Callable[..., Any])

POLICY_FLAGS = ("canary", "width", "max_unavailable", "bake", "timeout", "strategy", "rollback")


class Duration(click.ParamType[float]):
    """A time such as 90s, 2m or 1m30s, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except (UsageError, ValueError):
            self.fail(f"'{value}' is no duration; write e.g. 90s or 2m", param, ctx)


def policy_options(command: F) -> F:
    """--canary, --width, --max-unavailable, --bake, --timeout, --strategy, --no-rollback."""
    for option in (
        click.option(
            "--no-rollback", "rollback", flag_value=False, type=bool, default=None, help="Leave a failure as it is."
        ),
        click.option("--strategy", type=click.Choice(["in-place", "surge"]), help="How machines are replaced."),
        click.option("--timeout", type=Duration(), help="From a machine's change to healthy, e.g. 2m."),
        click.option("--bake", type=Duration(), help="How long to watch after each wave, e.g. 1m."),
        click.option("--max-unavailable", type=click.IntRange(1), help="Machines changed at once within one region."),
        click.option("--width", type=click.IntRange(0), help="Regions at once after the canary; 0 means all."),
        click.option("--canary", metavar="REGION", help="The region that goes first."),
    ):
        command = option(command)
    return command
