"""Where in a TOML text a key stands: the parser forgets lines, and an error without one is no help."""

from __future__ import annotations

import re
from collections.abc import Iterable

import tomli

Step = str | int
"""One step of a path into a document: a key, or an index into an array of tables."""

_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER = re.compile(rf"^[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]\]?")
_KEY = re.compile(rf"^[ \t]*({_DOTTED})[ \t]*=")


def locate(text: str, path: tuple[Step, ...]) -> tuple[int, int] | None:
    """Line and column (from 1) of the key at `path`, or of the nearest table around it that stands in the text.

    Keys inside inline tables and arrays are found as the line of the key that holds them. Returns None when not even
    the first step is there.
    """
    best: tuple[int, int] | None = None
    matched = 0
    for number, column, found in keys_of(text):
        common = _common(found, path)
        # A table that shares only its start with `path` is not around it, unless it is all matched.
        if common == len(found) and common > matched:
            best, matched = (number, column), common
    return best


def _common(found: tuple[Step, ...], path: tuple[Step, ...]) -> int:
    for index, (one, other) in enumerate(zip(found, path, strict=False)):
        if one != other:
            return index
    return min(len(found), len(path))


def keys_of(text: str) -> Iterable[tuple[int, int, tuple[Step, ...]]]:
    """Each header and key with its line, column and full path, in the text's order."""
    counts: dict[tuple[Step, ...], int] = {}
    table: tuple[Step, ...] = ()
    open_quotes = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if open_quotes:
            if open_quotes in line:
                open_quotes = ""
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = _resolve(_names(header[2]), counts, opens=header[1] == "[[")
            yield number, header.start(1) + 1, table
        elif key:
            yield number, key.start(1) + 1, table + tuple(_names(key[1]))
            open_quotes = _left_open(line[key.end() :])


def _names(dotted: str) -> list[str]:
    """The parts of a dotted key, unquoted."""
    try:
        value: object = tomli.loads(f"{dotted}=0")
    except (ValueError, RecursionError):
        return [dotted]
    names = []
    while isinstance(value, dict):
        ((name, value),) = value.items()
        names.append(name)
    return names


def _resolve(names: list[str], counts: dict[tuple[Step, ...], int], *, opens: bool) -> tuple[Step, ...]:
    """The path of a header, with the index of each array of tables it lies in."""
    path: tuple[Step, ...] = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if opens and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _left_open(value: str) -> str:
    """The quotes of a multi-line string that starts in `value` and does not end there."""
    for quotes in ('"""', "'''"):
        if value.count(quotes) == 1:
            return quotes
    return ""
