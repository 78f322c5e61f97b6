"""Values the way Go writes and reads them: durations, times, indented JSON, byte sizes."""

from __future__ import annotations

import json
import re
from typing import Any

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SIZE = re.compile(r"(\d+(?:\.\d+)*) ?([kKmMgGtTpP]?)([iI]?[bB]?)")
_POWERS = "kmgtp"


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as "1m30s".

    Raises:
        ValueError: it is not one.
    """
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    total, at = 0.0, 0
    for part in _PART.finditer(rest):
        if part.start() != at:
            break
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    if not rest or at != len(rest):
        problem = "missing unit in duration" if re.fullmatch(r"[\d.]+", rest) else "invalid duration"
        raise ValueError(f'time: {problem} "{text}"')
    return sign * round(total)


def format_duration(nanoseconds: int) -> str:
    """A duration as Go prints it, e.g. "1m0s", "1.5s", "250ms", "0s"."""
    sign, value = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if value == 0:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if value < _UNITS[unit] * 1000:
            return f"{sign}{_decimal(value, _UNITS[unit])}{unit}"
    hours, value = divmod(value, _UNITS["h"])
    minutes, value = divmod(value, _UNITS["m"])
    out = f"{hours}h" if hours else ""
    out += f"{minutes}m" if hours or minutes else ""
    return f"{sign}{out}{_decimal(value, _UNITS['s'])}s"


def _decimal(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    digits = str(part).rjust(len(str(unit)) - 1, "0").rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


def format_time(text: str) -> str:
    """An RFC 3339 time without the trailing zeros of its fraction, as Go re-writes it."""
    return re.sub(r"(\.\d*?)0+(?=Z|[+-]\d\d:\d\d$)", r"\1", text).replace(".Z", "Z").replace(".+", "+")


def parse_size(text: str, *, unit: int, binary: bool) -> int:
    """A size such as "512", "1gb" or "256MB", in units of `unit` bytes; a bare number already is in that unit.

    Raises:
        ValueError: it is not a size.
    """
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid size: '{text}'")
    base = 1024 if binary else 1000
    scale = base ** (_POWERS.index(match[2].lower()) + 1) if match[2] else 1
    return int(float(match[1]) * scale) // unit


def dump_json(value: Any, *, indent: int | None = 4) -> str:
    """JSON text as Go's encoder writes it: `<`, `>` and `&` escaped, unicode kept."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators)
    for char, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(char, escaped)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
