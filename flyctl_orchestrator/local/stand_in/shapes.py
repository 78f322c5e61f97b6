"""Shapes of JSON values: which keys a record has, of what type, and which of them may be left out when empty.

flyctl reads everything into typed records and writes them out again: unknown keys vanish, empty optional ones are
left out, durations and times come out in one spelling. The stand-in does the same with these, and refuses what Go's
decoder refuses, in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import (
    format_duration,
    format_time,
    json_number,
    parse_duration,
    type_name,
)

_INT = range(-(2**63), 2**63)
_UINT32 = range(2**32)


class ShapeError(Exception):
    """A value of the wrong type; the message is Go's."""


@dataclass(frozen=True)
class Kind:
    """A type.

    Attributes:
        name: as Go writes it, e.g. "[]string" or "fly.MachinePort".
        read: gives the value as it is written again, from a value and where it stands ("Struct.path.to.key").
        empty: its empty value.
        fields: of a record.
        item: of a list or a map.
    """

    name: str
    read: Callable[[Any, str], Any]
    empty: Any = None
    fields: Mapping[str, Field] | None = None
    item: Kind | None = None


_LEFT_OUT: Any = object()


@dataclass(frozen=True)
class Field:
    """One key of a record.

    Attributes:
        kind: its type.
        keep: written even when empty, as long as it was given (a pointer in flyctl's records).
        absent: what is written when it was not given; by default nothing is.
        within: the record inside this one that the key really belongs to, for messages.
    """

    kind: Kind
    keep: bool = False
    absent: Any = _LEFT_OUT
    within: str = ""


Fields = Mapping[str, "Field | Kind"]


def _mismatch(value: Any, where: str, expected: str, found: str = "") -> ShapeError:
    names = {bool: "bool", str: "string", list: "array", dict: "object"}
    given = found or names.get(type(value), "number")
    place = f"struct field {where}" if where else "value"
    return ShapeError(f"json: cannot unmarshal {given} into Go {place} of type {expected}")


def _plain(expected: str, *types: type) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise _mismatch(value, where, expected)
        return value

    return read


def _whole(expected: str, allowed: range) -> Callable[[Any, str], int]:
    def read(value: Any, where: str) -> int:
        _plain(expected, int, float)(value, where)
        # Go's encoder writes a float without a fraction as a whole number, up to where it takes an exponent.
        written = json_number(value)
        if not written.removeprefix("-").isdigit() or int(written) not in allowed:
            raise _mismatch(value, where, expected, f"number {written}")
        return int(written)

    return read


def _duration(value: Any, where: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_duration(int(value))
    if not isinstance(value, str):
        raise ShapeError(f"unknown duration type: {type_name(value)}")
    try:
        return format_duration(parse_duration(value))
    except ValueError as error:
        raise ShapeError(str(error)) from error


def _autostop(value: Any, where: str) -> bool | str:
    spellings: dict[Any, bool | str] = {"off": False, "stop": True, "suspend": "suspend"}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ShapeError("autostop value is not a valid bool or string")
    if value not in spellings:
        raise ShapeError(f'invalid autostop string value "{value}"')
    return spellings[value]


def _persistence(value: Any, where: str) -> str:
    names = ("", "never", "restart", "always")
    if isinstance(value, str):
        if value not in (*names, "none"):
            raise ShapeError(f'invalid persist_rootfs string value "{value}"')
        return value.removeprefix("none")
    number = _whole("int", _INT)(value, "")
    if number not in range(len(names)):
        raise ShapeError(f"invalid persist_rootfs int value {number}")
    return names[number]


def _time(value: Any, where: str) -> str:
    return format_time(_plain("time.Time", str)(value, where))


def text(name: str) -> Kind:
    """Text that has a type of its own in Go."""
    return Kind(name, _plain(name, str), "")


TEXT = text("string")
INT = Kind("int", _whole("int", _INT), 0)
UINT32 = Kind("uint32", _whole("uint32", _UINT32), 0)
NUMBER = Kind("float64", _plain("float64", int, float), 0)
BOOL = Kind("bool", _plain("bool", bool), False)
DURATION = Kind("fly.Duration", _duration)
AUTOSTOP = Kind("fly.MachineAutostop", _autostop)
PERSISTENCE = Kind("fly.MachinePersistRootfs", _persistence, "")
TIME = Kind("time.Time", _time)
ANYTHING = Kind("interface {}", lambda value, where: value)


def listing(kind: Kind, *, pointers: bool = False) -> Kind:
    """A list of `kind`, or of pointers to it."""
    name = f"[]{'*' if pointers else ''}{kind.name}"

    def read(value: Any, where: str) -> list[Any]:
        items = _plain(name, list)(value, where)
        return [kind.read(item, where) for item in items]

    return Kind(name, read, [], item=kind)


def mapping(kind: Kind, *, pointers: bool = False) -> Kind:
    """Names to values of `kind`, or of pointers to it, sorted by name."""
    name = f"map[string]{'*' if pointers else ''}{kind.name}"

    def read(value: Any, where: str) -> dict[str, Any]:
        table = _plain(name, dict)(value, where)
        return {key: kind.read(table[key], where) for key in sorted(table)}

    return Kind(name, read, {}, item=kind)


def record(fields: Fields, name: str = "") -> Kind:
    """A table with known keys, in any case of letters; others are dropped.

    Args:
        name: of Go's type, e.g. "appconfig.Build".
    """
    known = {key: spec if isinstance(spec, Field) else Field(spec) for key, spec in fields.items()}
    folded = {key.lower(): key for key in known}
    struct = name.rpartition(".")[2]

    def read(value: Any, where: str) -> dict[str, Any]:
        table = _plain(name, dict)(value, where)
        _, _, path = where.partition(".")
        shaped: dict[str, Any] = {}
        for given in sorted(table):
            key = given if given in known else folded.get(given.lower())
            if key is None or table[given] is None:
                continue
            steps = [step for step in (path, known[key].within, key) if step]
            shaped[key] = known[key].kind.read(table[given], f"{struct}.{'.'.join(steps)}")
        out: dict[str, Any] = {}
        for key, entry in known.items():
            _put(out, key, entry, shaped)
        return out

    return Kind(name, read, fields=known)


def _put(out: dict[str, Any], key: str, entry: Field, shaped: Mapping[str, Any]) -> None:
    if key not in shaped:
        if entry.absent is not _LEFT_OUT:
            out[key] = entry.absent
        return
    value = shaped[key]
    if entry.keep or entry.absent is not _LEFT_OUT or entry.kind.empty is None or value != entry.kind.empty:
        out[key] = value


def kept(kind: Kind) -> Field:
    """A key written even when empty, as long as it was given."""
    return Field(kind, keep=True)


def always(kind: Kind, absent: Any) -> Field:
    """A key always written, as `absent` when it was not given."""
    return Field(kind, absent=absent)


def within(name: str, fields: Fields) -> dict[str, Field]:
    """The keys of a record that Go has inside another one without a key of its own."""
    entries = {key: spec if isinstance(spec, Field) else Field(spec) for key, spec in fields.items()}
    return {key: replace(entry, within=name) for key, entry in entries.items()}
