"""Values of fly.toml as flyctl takes them: keys in any case of letters, one table where several are meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


def pick(table: Values, key: str) -> Any:
    """The value of `key`, or of the same word in other letters (as flyctl reads it); None when absent."""
    if key in table:
        return table[key]
    return next((value for name, value in table.items() if name.lower() == key), None)


def tables_of(value: Any) -> tuple[Values, ...] | None:
    """Tables, of one or of a list; none when absent, None when it is something else."""
    if value is None:
        return ()
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return tuple(items)


def words_of(value: Any) -> tuple[str, ...]:
    """The strings of a list; none for everything else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def text_of(value: Any) -> str | None:
    """A string, or None for everything else."""
    return value if isinstance(value, str) else None


def whole_of(value: Any) -> int | None:
    """A whole number, also one written as a decimal number or as digits; None for everything else."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
