"""The text that `secrets import` reads on stdin, by flyctl's own rules and with its quirks."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import Failure

LONGEST_LINE_BYTES = 64 * 1024
_TRIPLE = '"""'


class ParserPanic(Exception):
    """flyctl itself crashes on this input (exit status 3): a value that is one lone quote."""


def parse_secrets(text: str) -> dict[str, str]:
    """Names and values.

    A line of 64 KiB or more silently ends the reading, as it does in flyctl; so does a triple quote never closed.

    Raises:
        Failure: a line without `=`. Unlike flyctl's, the message does not repeat the line.
        ParserPanic: flyctl would crash.
    """
    found: dict[str, str] = {}
    unfinished: tuple[str, str] | None = None
    for number, line in enumerate(_lines(text), 1):
        if unfinished is not None:
            name, value = unfinished
            if line.endswith(_TRIPLE):
                found[name] = value + line.removesuffix(_TRIPLE)
                unfinished = None
            else:
                unfinished = (name, f"{value}{line}\n")
            continue
        if line.startswith("#") or not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise Failure(
                f"Failed to parse secrets from stdin: Secrets must be provided as NAME=VALUE pairs (line {number} "
                "is invalid)"
            )
        value = _without_comment(value.lstrip(" "))
        if value.startswith(_TRIPLE) and not _closed(value):
            unfinished = (name.strip(), value.removeprefix(_TRIPLE) + "\n")
        else:
            found[name.strip()] = _unquoted(value)
    return found


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    kept: list[str] = []
    for line in lines:
        if len(line.encode("utf-8", "surrogateescape")) >= LONGEST_LINE_BYTES:
            break
        kept.append(line.removesuffix("\r"))
    return kept


def _without_comment(value: str) -> str:
    before, hash_mark, _ = value.partition("#")
    return before.rstrip(" ") if hash_mark and before.count('"') % 2 == 0 else value


def _closed(value: str) -> bool:
    return value.endswith(_TRIPLE) and len(value) >= 2 * len(_TRIPLE)


def _unquoted(value: str) -> str:
    if value.startswith(_TRIPLE) and _closed(value):
        return value[len(_TRIPLE) : -len(_TRIPLE)]
    for quote in "\"'":
        if value.startswith(quote) and value.endswith(quote):
            if len(value) == 1:
                raise ParserPanic("a value that is one lone quote")
            return value[1:-1]
    return value
