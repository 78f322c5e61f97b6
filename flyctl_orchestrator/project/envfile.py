"""A .env file's names and values, exactly as written: nothing is interpolated, and nothing is dropped in silence."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flyctl_secrets import read_odd
from flyctl_orchestrator.project.secretrules import check_name, check_value, reserved


@dataclass(frozen=True)
class EnvFile:
    """What a file holds.

    Attributes:
        values: by name, in the file's order; a name given twice has its last value.
        skipped: names left out, each with the reason.
    """

    values: dict[str, str]
    skipped: dict[str, str]

    def __repr__(self) -> str:
        """Names alone, so that no log can hold a value."""
        return f"EnvFile({', '.join(self.values)})"


def parse_env(text: str, *, shown: str) -> EnvFile:
    """Read the text of a .env file; what is no such text is read as `flyctl secrets import` reads it.

    Args:
        shown: what to call the file in messages.

    Raises:
        UsageError: a line that is not NAME=VALUE, or a name or value that can be no secret; told by line, never by
            content (codes config.syntax, secrets.*).
    """
    values: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for line, name, value in _pairs(text, shown):
        where = f"{shown}:{line}"
        reason = reserved(name)
        if reason:
            skipped[name] = reason
            continue
        check_name(name, where=where)
        check_value(value, where=f"{where}: {name}")
        values[name] = value
    return EnvFile(values, skipped)


def _pairs(text: str, shown: str) -> Iterator[tuple[int, str, str]]:
    """Each pair with the line (from 1) it begins in."""
    from dotenv.parser import parse_stream

    rest, line = text.removeprefix("\ufeff"), 1
    while rest:
        at = 0
        for binding in parse_stream(io.StringIO(rest)):
            whole = binding.original.string
            # A binding starts with the blank lines before it.
            blank = len(whole) - len(whole.lstrip())
            line += whole.count("\n", 0, blank)
            if binding.error or (binding.key is not None and binding.value is None):
                at += blank
                break
            if binding.key is not None and binding.value is not None:
                yield line, binding.key, binding.value
            line += whole.count("\n", blank)
            at += len(whole)
        else:
            return
        pair, used = read_odd(rest[at:])
        if pair is None:
            raise UsageError(
                "is not NAME=VALUE", where=f"{shown}:{line}", next="Correct that line", code="config.syntax"
            )
        yield (line, *pair)
        line += rest.count("\n", at, at + used)
        rest = rest[at + used :]
