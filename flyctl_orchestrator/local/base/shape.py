"""Types of a request's JSON, checked as a typed decoder would: a wrong type is named with its place and refused.

`null` is accepted wherever a value may be left out, and keys that are not known are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import PlatformError, invalid

Shape = Callable[[Any, str], None]
"""Checks a value at a place, e.g. "config.services[0].ports". Raises PlatformError 400."""

_KINDS = ((bool, "true or false"), (str, "a string"), (int | float, "a number"), (list, "a list"), (dict, "an object"))


def _wrong(place: str, what: str, value: Any) -> PlatformError:
    """What is there is told by its kind alone: it may be a secret."""
    kind = next((name for kind, name in _KINDS if isinstance(value, kind)), "null")
    return invalid(f"invalid_argument: {place} must be {what}, not {kind}")


def text(value: Any, place: str) -> None:
    """A string."""
    if not isinstance(value, str):
        raise _wrong(place, "a string", value)


def flag(value: Any, place: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(place, "true or false", value)


def whole(value: Any, place: str) -> None:
    """A whole number of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(place, "a whole number", value)
    if not -(2**63) <= value < 2**63:
        raise invalid(f"invalid_argument: {place} must be a number of 64 bits")


def count(value: Any, place: str) -> None:
    """A whole number of 64 bits that is not negative."""
    whole(value, place)
    if value < 0:
        raise invalid(f"invalid_argument: {place} must not be negative")


def small_count(value: Any, place: str) -> None:
    """A whole number of 32 bits that is not negative."""
    count(value, place)
    if value >= 2**32:
        raise invalid(f"invalid_argument: {place} must be a number of 32 bits")


def number(value: Any, place: str) -> None:
    """A number, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(place, "a number", value)


def port(value: Any, place: str) -> None:
    """A port's number."""
    whole(value, place)
    if not 0 <= value <= 65_535:
        raise invalid(f"invalid_argument: {place} must be a port, from 0 to 65535")


def duration(value: Any, place: str) -> None:
    """A duration such as "15s", or a number of nanoseconds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(place, 'a duration such as "15s"', value)
    seconds(value, 0.0, place)


def one_of(*values: Any) -> Shape:
    """One of a few values."""

    def check(value: Any, place: str) -> None:
        if not any(value == one and type(value) is type(one) for one in values):
            known = ", ".join(json.dumps(one) for one in values)
            raise invalid(f"invalid_argument: {place} must be one of {known}")

    return check


def anything(value: Any, place: str) -> None:
    """Whatever it is."""


def list_of(shape: Shape) -> Shape:
    """A list, every element of one shape."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise _wrong(place, "a list", value)
        for number, one in enumerate(value):
            shape(one, f"{place}[{number}]")

    return check


def map_of(shape: Shape) -> Shape:
    """An object with any keys, every value of one shape."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(place, "an object", value)
        for key, one in value.items():
            shape(one, f"{place}.{key}")

    return check


def record(fields: Mapping[str, Shape]) -> Shape:
    """An object whose known keys have a shape each; any of them may be left out or null."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(place, "an object", value)
        for key, shape in fields.items():
            if value.get(key) is not None:
                shape(value[key], f"{place}.{key}" if place else key)

    return check
