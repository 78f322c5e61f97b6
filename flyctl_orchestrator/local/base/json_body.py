"""A request's JSON, read as strictly as Fly.io reads it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flyctl_orchestrator.local.base.errors import PlatformError, invalid

#: Nothing that a client means is nested as deep as this, and everything that walks a body is safe above it.
DEEPEST = 100
_SURROGATES = range(0xD800, 0xE000)


def decoded(data: bytes) -> Any:
    """What a body says; None when it is empty.

    Half of a surrogate pair, which no UTF-8 can carry on, becomes U+FFFD.

    Raises:
        PlatformError: 400, it is not JSON (NaN and Infinity are not), or nested deeper than `DEEPEST`.
    """
    if not data.strip():
        return None
    try:
        found = json.loads(data, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as problem:
        raise invalid(f"the request body is not JSON: {problem}") from problem
    _check_depth(found)
    return _mended(found) if b"\\u" in data or not data.isascii() else found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _too_deep() -> PlatformError:
    return invalid(f"the request body is nested deeper than {DEEPEST} levels")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        inner = [one for one in level if isinstance(one, dict | list)]
        if not inner:
            return
        level = [child for one in inner for child in (one.values() if isinstance(one, dict) else one)]
    raise _too_deep()


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return "".join("\ufffd" if ord(one) in _SURROGATES else one for one in value) if _has_half(value) else value
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value


def _has_half(text: str) -> bool:
    return any(ord(one) in _SURROGATES for one in text) if not text.isascii() else False
