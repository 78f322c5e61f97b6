"""Which names and values can be secrets. No message here repeats a value, or a name that might be one."""

from __future__ import annotations

import re

from flyctl_orchestrator.errors import UsageError

MOST_BYTES = 128 * 1024
"""Of one value. Linux hands a program no longer environment variable (MAX_ARG_STRLEN, 32 pages of 4 KiB)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

_KEPT = {
    "PRIMARY_REGION": "Fly.io sets PRIMARY_REGION from fly.toml; a secret would hide it when it changes there",
    "PORT": "PORT is where the app listens, which fly.toml decides",
}


def reserved(name: str) -> str | None:
    """Why `name` should not be a secret although it could be one; None when it may."""
    if name.startswith("FLY_"):
        return "names that start with FLY_ belong to Fly.io, which sets them itself"
    return _KEPT.get(name)


def check_name(name: str, *, where: str) -> None:
    """Make sure that `name` can be a secret's name.

    Raises:
        UsageError: it is no environment variable's name, or it is reserved (code secrets.name).
    """
    if len(name) > 200 or not _NAME.fullmatch(name):
        raise UsageError(
            "is not a valid name for a secret",
            where=where,
            next="Use letters, digits and _, and do not start with a digit",
            code="secrets.name",
        )
    reason = reserved(name)
    if reason:
        raise UsageError(reason, where=where, next="Leave it out, or choose another name", code="secrets.name")


def check_value(value: str, *, where: str) -> None:
    """Make sure that a program can be given `value` in its environment.

    Raises:
        UsageError: it holds a NUL, or is too long (code secrets.value).
    """
    if "\0" in value:
        raise UsageError(
            "the value holds a NUL, which no environment variable can",
            where=where,
            next="Encode it, for example as base64",
            code="secrets.value",
        )
    if len(value.encode("utf-8", "surrogatepass")) >= MOST_BYTES:
        raise UsageError(
            f"the value is longer than {MOST_BYTES // 1024} KiB, which no environment variable can be",
            where=where,
            next="Store the file elsewhere, and make its address or key the secret",
            code="secrets.value",
        )
