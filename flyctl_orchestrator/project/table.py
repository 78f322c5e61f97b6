"""One table of a parsed file, read key by key with checks that know where they are."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.duration import format_duration, parse_duration
from flyctl_orchestrator.project.locate import Step
from flyctl_orchestrator.project.tomlfile import Document

LONGEST = 24 * 3600.0
"""Seconds; no wait of a rollout is longer than a day, so a longer one is a typing error."""


@dataclass(frozen=True)
class Table:
    """A table at `path` of `document`. Every reader raises UsageError (code config.invalid) on a wrong value."""

    document: Document
    path: tuple[Step, ...]
    data: Mapping[str, Any]

    def fail(self, key: str | None, what: str, next: str = "", code: str = "config.invalid") -> UsageError:
        """An error at `key` of this table (at the table itself for None), to be raised by the caller."""
        path = self.path if key is None else (*self.path, key)
        name = ".".join(str(step) for step in path if isinstance(step, str))
        return UsageError(f"{name} {what}".strip(), where=self.document.where(path), next=next, code=code)

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that are not in `known`, with the nearest known one."""
        allowed = list(known)
        for key in self.data:
            if key not in allowed:
                close = difflib.get_close_matches(key, allowed, n=1)
                advice = f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(allowed) or 'nothing'}"
                raise self.fail(key, "is not a known key", advice, code="config.unknown_key")

    def text(self, key: str) -> str | None:
        """A string, or None when absent."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise self.fail(key, f"must be a string, not {kind(value)}", f'Write {key} = "…"')
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """A string that is one of `choices`, or the default when absent."""
        value = self.text(key)
        if value is None:
            return default
        if value not in choices:
            raise self.fail(key, f"is '{value}'", f"Use one of: {', '.join(choices)}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false, or the default when absent."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, f"must be true or false, not {kind(value)}")
        return value

    def integer(self, key: str, default: int | None, *, least: int, most: int = 2**31 - 1) -> int | None:
        """A whole number from `least` to `most`, or `default` when absent."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(key, f"must be a whole number, not {kind(value)}")
        if not least <= value <= most:
            span = f"from {least} up" if most == 2**31 - 1 else f"from {least} to {most}"
            raise self.fail(key, f"must be {span}")
        return value

    def count(self, key: str, default: int, *, least: int = 0) -> int:
        """A whole number from `least` up."""
        value = self.integer(key, default, least=least)
        return default if value is None else value

    def number(self, key: str, default: float) -> float:
        """A number from 0 to a thousand million."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(key, f"must be a number, not {kind(value)}")
        if not (0 <= value <= 10**9) or not math.isfinite(value):
            raise self.fail(key, "must be a number from 0 to 1,000,000,000")
        return float(value)

    def seconds(self, key: str, default: float, *, least: float = 0.0) -> float:
        """A duration in seconds, of at least `least` and at most a day."""
        value = self.optional_seconds(key)
        if value is None:
            return default
        if value < least:
            raise self.fail(key, f"must be at least {format_duration(least)}")
        if value > LONGEST:
            raise self.fail(key, "is longer than a day")
        return value

    def optional_seconds(self, key: str, *, number_unit: str = "s") -> float | None:
        """A duration in seconds, or None when absent; a bare number counts `number_unit`."""
        value = self.data.get(key)
        if value is None:
            return None
        try:
            return parse_duration(value, number_unit=number_unit)
        except ValueError as error:
            raise self.fail(key, "is not a duration", f"{str(error)[0].upper()}{str(error)[1:]}") from None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty when absent."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, f"must be a list of strings, not {kind(value)}", f'Write {key} = ["…"]')
        return tuple(value)

    def table(self, key: str) -> Table:
        """A table; an empty one when absent."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, f"must be a table, not {kind(value)}", f"Write [{key}]")
        return Table(self.document, (*self.path, key), value)

    def tables(self, key: str, *, single: bool = True) -> tuple[Table, ...]:
        """An array of tables; with `single`, one plain table counts as an array of one."""
        value = self.data.get(key, [])
        path = (*self.path, key)
        if single and isinstance(value, dict):
            return (Table(self.document, path, value),)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            name = ".".join(str(step) for step in path if isinstance(step, str))
            raise self.fail(key, f"must be tables, not {kind(value)}", f"Write [[{name}]]")
        return tuple(Table(self.document, (*path, index), item) for index, item in enumerate(value))


def kind(value: object) -> str:
    """What `value` is, in TOML's words."""
    names = {
        bool: "a boolean",
        str: "a string",
        int: "a number",
        float: "a decimal number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")
