"""Shapes of JSON values: which keys a record has, of what type, and which of them may be left out when empty.

flyctl reads everything into typed records and writes them out again: unknown keys vanish, empty optional ones are
left out, durations and times come out in one spelling. The stand-in does the same with these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import format_duration, format_time, parse_duration


class ShapeError(Exception):
    """A value of the wrong type; the message says where and what was expected."""


@dataclass(frozen=True)
class Kind:
    """A type: how a value is read, and what its empty value is."""

    name: str
    read: Callable[[Any, str], Any]
    empty: Any = None


_LEFT_OUT: Any = object()


@dataclass(frozen=True)
class Field:
    """One key of a record.

    Attributes:
        kind: its type.
        keep: written even when empty, as long as it was given (a pointer in flyctl's records).
        absent: what is written when it was not given; by default nothing is.
    """

    kind: Kind
    keep: bool = False
    absent: Any = _LEFT_OUT


Fields = Mapping[str, "Field | Kind"]


def _plain(expected: str, *types: type) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        wrong = not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        if wrong:
            raise ShapeError(f"{where}: expected {expected}, found {_found(value)}")
        return value

    return read


def _found(value: Any) -> str:
    names = {bool: "true/false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)


def _integer(value: Any, where: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(_plain("a whole number", int)(value, where))


def _duration(value: Any, where: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_duration(int(value))
    try:
        return format_duration(parse_duration(_plain("a duration such as 10s", str)(value, where)))
    except ValueError as error:
        raise ShapeError(f"{where}: {error}") from error


def _autostop(value: Any, where: str) -> bool | str:
    spellings: dict[Any, bool | str] = {"off": False, "stop": True, "suspend": "suspend"}
    if isinstance(value, bool):
        return value
    if value in spellings:
        return spellings[value]
    raise ShapeError(f'{where}: expected "off", "stop" or "suspend", found {value!r}')


def _time(value: Any, where: str) -> str:
    return format_time(_plain("a time", str)(value, where))


TEXT = Kind("text", _plain("text", str), "")
INT = Kind("int", _integer, 0)
NUMBER = Kind("number", _plain("a number", int, float), 0)
BOOL = Kind("bool", _plain("true or false", bool), False)
DURATION = Kind("duration", _duration)
AUTOSTOP = Kind("autostop", _autostop)
TIME = Kind("time", _time)
ANYTHING = Kind("anything", lambda value, where: value)


def listing(kind: Kind) -> Kind:
    """A list of `kind`."""

    def read(value: Any, where: str) -> list[Any]:
        items = _plain("a list", list)(value, where)
        return [kind.read(item, f"{where}[{at}]") for at, item in enumerate(items)]

    return Kind(f"list of {kind.name}", read, [])


def mapping(kind: Kind) -> Kind:
    """Names to values of `kind`, sorted by name."""

    def read(value: Any, where: str) -> dict[str, Any]:
        table = _plain("a table", dict)(value, where)
        return {name: kind.read(table[name], f"{where}.{name}") for name in sorted(table)}

    return Kind(f"map of {kind.name}", read, {})


def record(fields: Fields, name: str = "record") -> Kind:
    """A table with known keys; others are dropped."""

    def read(value: Any, where: str) -> dict[str, Any]:
        table = _plain("a table", dict)(value, where)
        out: dict[str, Any] = {}
        for key, spec in fields.items():
            entry = spec if isinstance(spec, Field) else Field(spec)
            _put(out, key, entry, table.get(key), f"{where}.{key}" if where else key)
        return out

    return Kind(name, read)


def _put(out: dict[str, Any], key: str, entry: Field, value: Any, where: str) -> None:
    if value is None:
        if entry.absent is not _LEFT_OUT:
            out[key] = entry.absent
        return
    shaped = entry.kind.read(value, where)
    if entry.keep or entry.absent is not _LEFT_OUT or entry.kind.empty is None or shaped != entry.kind.empty:
        out[key] = shaped


def kept(kind: Kind) -> Field:
    """A key written even when empty, as long as it was given."""
    return Field(kind, keep=True)


def always(kind: Kind, absent: Any) -> Field:
    """A key always written, as `absent` when it was not given."""
    return Field(kind, absent=absent)
