"""Durations as the Machines API spells them: "15s", "1m30s", or a bare number of nanoseconds."""

from __future__ import annotations

import re
from typing import Any

from flyctl_orchestrator.local.base.errors import invalid

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


def seconds(value: Any, default: float, name: str = "duration") -> float:
    """Seconds meant by `value`; `default` when it is None or "".

    Raises:
        PlatformError: 400 when it is not a duration.
    """
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        raise invalid(f"{name}: {value!r} is not a duration")
    if isinstance(value, int | float):
        return float(value) / 1e9
    if isinstance(value, str):
        return _parsed(value.strip(), name)
    raise invalid(f"{name}: {value!r} is not a duration")


def _parsed(text: str, name: str) -> float:
    if text.lstrip("-").isdigit():
        return max(0.0, float(text))
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise invalid(f"{name}: {text!r} is not a duration")
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    return total
