"""Durations as people write them: "90s", "2m", "1m30s", "500ms", or a bare number of seconds."""

from __future__ import annotations

import math
import re

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)


def parse_duration(value: object, *, number_unit: str = "s") -> float:
    """Seconds meant by `value`: a string with units, or a number counted in `number_unit`.

    Raises:
        ValueError: `value` is no duration; the message says what one looks like and never repeats `value`.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError('a duration looks like "90s", "2m" or "1m30s"')
    if isinstance(value, int | float):
        # Compared before it is multiplied: a TOML integer may be too large for a float, and a float may be inf or nan.
        if not 0 <= value <= 10**12:
            raise ValueError("a duration is a number from 0 up")
        return value * SECONDS[number_unit]
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text) * SECONDS[number_unit]
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError('a duration looks like "90s", "2m" or "1m30s"')
    return math.fsum(float(number) * SECONDS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """The shortest plain form that reads back as `seconds`, to the microsecond: "0.5ms", "500ms", "90s", "2m", "1h"."""
    microseconds = round(seconds * 1e6)
    if microseconds % 1_000_000:
        return f"{microseconds / 1000:.3f}".rstrip("0").rstrip(".") + "ms"
    whole = microseconds // 1_000_000
    for unit, size in (("h", 3600), ("m", 60)):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
