"""Values the way Go writes and reads them: durations, times, numbers, types, indented JSON, byte sizes."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time
from decimal import Decimal
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
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SUFFIX = re.compile(r"b|[kmgtp](i?b)?")
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
        raise ValueError(f'time: {_duration_problem(rest[at:])} "{text}"')
    return sign * round(total)


def _duration_problem(rest: str) -> str:
    number = re.match(r"\d*\.?\d*", rest)
    after = rest[number.end() :] if number else rest
    if not number or not re.search(r"\d", number[0]):
        return "invalid duration"
    unit = re.match(r"[^\d.]*", after)
    return f'unknown unit "{unit[0]}" in duration' if unit and unit[0] else "missing unit in duration"


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
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    last = max(text.rfind(letter) for letter in "0123456789. ")
    number, suffix = text[: last + (text[last : last + 1] != " ")], text[last + 1 :].lower()
    if last < 0 or number.startswith("-"):
        raise ValueError(f"invalid size: invalid size: '{text}'")
    if not _FLOAT.fullmatch(number):
        raise ValueError(f'invalid size: strconv.ParseFloat: parsing "{number}": invalid syntax')
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"invalid size: invalid suffix: '{suffix}'")
    base = 1024 if binary else 1000
    scale = base ** (_POWERS.index(suffix[0]) + 1) if suffix and suffix != "b" else 1
    return int(float(number) * scale) // unit


class GoInt(int):
    """A whole number as Go's YAML parser gives it, of another type than that of its TOML parser."""


def type_name(value: Any) -> str:
    """The type Go gives a value of a TOML or JSON file."""
    if isinstance(value, datetime):
        return "toml.LocalDateTime" if value.tzinfo is None else "time.Time"
    names: dict[type, str] = {str: "string", bool: "bool", int: "int64", float: "float64"}
    names |= {date: "toml.LocalDate", time: "toml.LocalTime"}
    names |= {GoInt: "int", list: "[]interface {}", dict: "map[string]interface {}", type(None): "<nil>"}
    return names[type(value)]


def go_text(value: Any, verb: str = "v") -> str:
    """A value of a TOML or JSON file as Go prints it with %v (or with %s or %t, whether or not these fit)."""
    if isinstance(value, list):
        return f"[{' '.join(go_text(item, verb) for item in value)}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{go_text(key, verb)}:{go_text(value[key], verb)}' for key in sorted(value))}]"
    fits = {"v": True, "t": isinstance(value, bool), "s": isinstance(value, str | date | time)}
    plain = _plain_text(value)
    return plain if fits[verb] else f"%!{verb}({type_name(value)}={plain})"


def go_syntax(value: Any) -> str:
    """A value of a TOML or JSON file as Go prints it with %#v."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"{type_name(value)}{{{', '.join(map(go_syntax, value))}}}"
    if isinstance(value, dict):
        entries = ", ".join(f"{go_syntax(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return f"{type_name(value)}{{{entries}}}"
    return go_text(value)


def _plain_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value, low=-4, high=6)
    if isinstance(value, datetime) and value.tzinfo is not None:
        offset = value.strftime("%z")
        zone = "UTC" if offset == "+0000" else offset
        return f"{_fraction(value.replace(tzinfo=None).isoformat(' '))} {offset} {zone}"
    if isinstance(value, date | time):
        return _fraction(value.isoformat())
    return "<nil>" if value is None else str(value)


def _fraction(text: str) -> str:
    return re.sub(r"(\.\d*?)0+$", r"\1", text)


def _float_text(value: float, *, low: int, high: int) -> str:
    """The shortest digits of a float, with an exponent where the power of ten is below `low` or from `high` up."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value)).normalize()
    sign, digits, power = exact.as_tuple()
    assert isinstance(power, int)
    exponent = len(digits) + power - 1
    if value == 0 or low <= exponent < high:
        return f"{exact:f}"
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}{'.' * bool(rest)}{''.join(rest)}e{exponent:+03d}"


def json_number(value: int | float) -> str:
    """A number as Go's JSON encoder writes it."""
    if isinstance(value, int):
        return str(value)
    return re.sub(r"e-0(\d)$", r"e-\1", _float_text(value, low=-6, high=21))


def dump_json(value: Any, *, indent: int | None = 4) -> str:
    """JSON text as Go's encoder writes it: `<`, `>` and `&` escaped, unicode kept."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators)
    for char, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(char, escaped)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
