"""Changes single keys of a TOML file that a person wrote, and leaves everything else of it as it stands.

Every edit is checked: the result must parse to exactly the old content with the asked changes, or nothing is changed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import tomli
import tomli_w

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.locate import Step, keys_of

Path = tuple[Step, ...]


def set_keys(text: str, changes: Mapping[Path, Any], *, shown: str) -> str:
    """`text` with each key at a path of `changes` set, comments and order kept.

    A path may end in an index that is one past the end of an array of tables; its value is then a new table.

    Raises:
        UsageError: the file is written in a way that cannot be edited without losing something (config.not_editable).
    """
    for path, value in changes.items():
        before = tomli.loads(text)
        try:
            expected = _with(before, path, value)
        except (TypeError, IndexError):  # something else than a table stands on the way
            expected = None
        if expected == before:
            continue
        edited = _first(_ways(text, path, value), expected) if expected else None
        if edited is None:
            name = ".".join(str(step) for step in path)
            raise UsageError(
                f"{name} cannot be changed without disturbing the rest of the file",
                where=shown,
                next=f"Set it by hand: {_line(str(path[-1]), value) if isinstance(path[-1], str) else name}",
                code="config.not_editable",
            )
        text = edited
    return text


def set_counts(text: str, table: str, counts: Mapping[str, int], *, shown: str) -> str:
    """`text` whose top-level table `table` holds exactly `counts`, in their order; kept keys keep their comments.

    Raises:
        UsageError: as `set_keys`.
    """
    before = tomli.loads(text)
    if list(before.get(table, {}).items()) == list(counts.items()):
        return text
    expected = {**before, table: dict(counts)}

    ordered = (way for way in _ways_for_counts(text, table, counts) if _order(way, table) == list(counts))
    result = _first(ordered, expected)
    if result is None:
        raise UsageError(
            f"[{table}] cannot be changed without disturbing the rest of the file",
            where=shown,
            next=f"Write it as a plain [{table}] table and run this again",
            code="config.not_editable",
        )
    return result


def section(header: str, values: Mapping[str, Any]) -> str:
    """A table of plain values as text: "[header]" or "[[header]]", then a line per key."""
    return f"{header}\n{tomli_w.dumps(values)}"


def _with(data: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of `data` with the key at `path` set, missing tables made on the way."""
    result = copy.deepcopy(data)
    place: Any = result
    for step, following in zip(path, (*path[1:], None), strict=True):
        if following is None:
            if isinstance(place, list) and step == len(place):
                place.append(value)
            else:
                place[step] = value
        elif isinstance(place, dict) and step not in place:
            place[step] = [] if isinstance(following, int) else {}
        place = place[step]
    return result


def _first(ways: Iterator[str], expected: Mapping[str, Any]) -> str | None:
    """The first text of `ways` that parses to `expected`."""
    return next((text for text in ways if _parsed(text) == expected), None)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomli.loads(text)
    except (ValueError, RecursionError):
        return None


def _order(text: str, table: str) -> list[str]:
    return list((_parsed(text) or {}).get(table, {}))


def _ways(text: str, path: Path, value: Any) -> Iterator[str]:
    """The text after each way of making one change, the one that looks best first."""
    present = any(found == path for _, _, found in keys_of(text))
    if present:
        yield from _by_tomlkit(text, path, value)
    elif isinstance(value, dict):
        names = [step for step in path if isinstance(step, str)]
        header = f"[[{'.'.join(names)}]]" if isinstance(path[-1], int) else f"[{'.'.join(names)}]"
        yield _append(text, section(header, value))
    else:
        yield from _by_new_line(text, path, value)
        names = [step for step in path[:-1] if isinstance(step, str)]
        if names:
            yield _append(text, section(f"[{'.'.join(names)}]", {str(path[-1]): value}))
    yield from _by_tomlkit(text, path, value)


def _by_tomlkit(text: str, path: Path, value: Any) -> Iterator[str]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        place: Any = document
        for step, following in pairwise(path):
            if isinstance(place, dict) and step not in place:
                place[step] = [] if isinstance(following, int) else tomlkit.table()
            place = place[step]
        if isinstance(place, list) and path[-1] == len(place):
            place.append(value)
        else:
            place[path[-1]] = value
        yield document.as_string()
    except (TOMLKitError, KeyError, IndexError, TypeError, ValueError, RecursionError):
        return


def _by_new_line(text: str, path: Path, value: Any) -> Iterator[str]:
    """A line for a new key, after the last key of its table."""
    lines = text.split("\n")
    table = path[:-1]
    after: int | None = None if table else 0
    indent = ""
    first_header = next((number for number, is_header, _ in _marks(text) if is_header), len(lines) + 1)
    for number, is_header, found in _marks(text):
        if is_header and found == table:
            after = number
        elif not is_header and found[:-1] == table and (table or number < first_header):
            line = lines[number - 1]
            after, indent = number, line[: len(line) - len(line.lstrip())]
    if after is None:
        return
    ending = "\r" if text.endswith("\r\n") or "\r\n" in text else ""
    yield "\n".join([*lines[:after], indent + _line(str(path[-1]), value) + ending, *lines[after:]])


def _marks(text: str) -> Iterator[tuple[int, bool, Path]]:
    """Line, whether it is a table's header, and path."""
    lines = text.split("\n")
    for number, _, found in keys_of(text):
        yield number, lines[number - 1].lstrip().startswith("["), found


def _line(key: str, value: Any) -> str:
    return tomli_w.dumps({key: value}).rstrip("\n")


def _append(text: str, block: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text.rstrip("\r\n \t")
    return (body + newline * 2 if body else "") + block.replace("\n", newline)


def _ways_for_counts(text: str, table: str, counts: Mapping[str, int]) -> Iterator[str]:
    lines = text.split("\n")
    headers = [(number, found) for number, is_header, found in _marks(text) if is_header]
    own = [number for number, found in headers if found == (table,)]
    if not own:
        yield _append(text, section(f"[{table}]", counts))
    for start in own:
        end = next((number for number, _ in headers if number > start), len(lines) + 1) - 1
        yield "\n".join([*lines[:start], *_ordered(lines[start:end], counts), *lines[end:]])
    yield from _by_tomlkit(text, (table,), dict(counts))


def _ordered(lines: list[str], counts: Mapping[str, int]) -> list[str]:
    """The lines of a table's body with exactly `counts`: a key keeps its own line and the comments above it."""
    blocks: dict[str, list[str]] = {}
    pending: list[str] = []
    for line in lines:
        pending.append(line)
        if found := re.match(r"\s*([a-z]+)\s*=", line):
            blocks[found[1]], pending = pending, []
    result: list[str] = []
    for code, count in counts.items():
        *above, own = blocks.get(code, [f"{code} = 0"])
        before, equals, after = own.partition("=")
        result += [*above, before + equals + re.sub(r"\d+", str(count), after, count=1)]
    return result + pending
