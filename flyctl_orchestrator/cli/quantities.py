"""Durations and amounts on the command line."""

from __future__ import annotations

import math
from typing import Any

import click


class Duration(click.ParamType[float]):
    """A time such as 90s, 2m or 1m30s, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, from what was typed or from a default that is seconds already."""
        from flyctl_orchestrator.project.duration import parse_duration

        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a duration; write e.g. 90s or 2m", param, ctx)


MOST = 10.0**9
"""No dollars, gigabytes or hours of an app come near it; flyo.toml has the same limit. A larger one is a mistake."""


class Amount(click.FloatRange):
    """A finite number within a range, up to `MOST` where nothing is said; `nan` is in every range."""

    name = "number"

    def __init__(self, min: float | None = None, max: float = MOST, *, min_open: bool = False) -> None:
        super().__init__(min, max, min_open=min_open)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no amount.", param, ctx)
        return number
