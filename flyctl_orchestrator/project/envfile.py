"""A .env file's names and values, exactly as written: nothing is interpolated, and nothing is dropped in silence."""

from __future__ import annotations

import io
from dataclasses import dataclass

from flyctl_orchestrator.errors import UsageError
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
    """Read the text of a .env file.

    Args:
        shown: what to call the file in messages.

    Raises:
        UsageError: a line that is not NAME=VALUE, or a name or value that can be no secret; told by line, never by
            content (codes config.syntax, secrets.*).
    """
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        # A binding starts with the blank lines before it.
        blank = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
        line = binding.original.line + binding.original.string[:blank].count("\n")
        where = f"{shown}:{line}"
        if binding.error or (binding.key is not None and binding.value is None):
            raise UsageError("is not NAME=VALUE", where=where, next="Correct that line", code="config.syntax")
        if binding.key is None or binding.value is None:
            continue
        reason = reserved(binding.key)
        if reason:
            skipped[binding.key] = reason
            continue
        check_name(binding.key, where=where)
        check_value(binding.value, where=f"{where}: {binding.key}")
        values[binding.key] = binding.value
    return EnvFile(values, skipped)
