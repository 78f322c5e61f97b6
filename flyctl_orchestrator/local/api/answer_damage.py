"""unreadable: what an answer of the API looks like when somewhere on the way something else answers, or breaks it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flyctl_orchestrator.local.api.wire import Raw, Response
from flyctl_orchestrator.local.base.errors import FAULT_HEADER
from flyctl_orchestrator.local.core.fault import Fault

MEGABYTE = 1024 * 1024
LARGE_BYTES, UNPACKED_BYTES = 64 * MEGABYTE, 256 * MEGABYTE
DEEP = 100_000
HTML = b"<!doctype html><html><head><title>Be right back</title></head><body><h1>Be right back</h1></body></html>"


def damaged(answer: Response, fault: Fault) -> Response:
    """The answer as the fault makes it. Its status stays, but for `empty` (204) and `redirect` (302)."""
    text = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
    answer = replace(answer, headers={**answer.headers, FAULT_HEADER: fault.id})
    how = fault.text("how")
    if how == "drip":
        return replace(answer, raw=Raw(text, drip=fault.number("seconds")))
    return _DAMAGES[how](answer, text)


def _html(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(HTML, "text/html; charset=utf-8"))


def _half(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(text[: max(1, len(text) // 2)]))


def _cut(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(text, cut=True))


def _null(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(b"null"))


def _empty(answer: Response, text: bytes) -> Response:
    return replace(answer, status=204, body=None)


def _redirect(answer: Response, text: bytes) -> Response:
    headers = {**answer.headers, "location": "/be-right-back"}
    return replace(answer, status=302, headers=headers, raw=Raw(HTML, "text/html; charset=utf-8"))


def _shape(answer: Response, text: bytes) -> Response:
    """An object where a list is due, and a list where an object is due."""
    return replace(answer, body={"data": answer.body} if isinstance(answer.body, list) else [answer.body])


def _text(answer: Response, text: bytes) -> Response:
    return replace(answer, body="ok")


def _nan(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(json.dumps(_not_numbers(answer.body)).encode()))


def _not_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _not_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_not_numbers(one) for one in value]
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return value
    return float("nan")


def _deep(answer: Response, text: bytes) -> Response:
    return replace(answer, raw=Raw(b"[" * DEEP + b"]" * DEEP))


def _large(answer: Response, text: bytes) -> Response:
    """The answer itself, behind 64 MB of blanks."""
    return replace(answer, raw=Raw(b" " * LARGE_BYTES + text))


def _gzip(answer: Response, text: bytes) -> Response:
    """A small body that unpacks to 256 MB."""
    headers = {**answer.headers, "content-encoding": "gzip"}
    return replace(answer, headers=headers, raw=Raw(_bomb()))


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * MEGABYTE
    pieces = [packer.compress(blanks) for _ in range(UNPACKED_BYTES // MEGABYTE)]
    return b"".join([*pieces, packer.compress(b"[]"), packer.flush()])


_DAMAGES: dict[str, Callable[[Response, bytes], Response]] = {
    "html": _html,
    "half": _half,
    "cut": _cut,
    "null": _null,
    "empty": _empty,
    "redirect": _redirect,
    "shape": _shape,
    "text": _text,
    "nan": _nan,
    "deep": _deep,
    "large": _large,
    "gzip": _gzip,
}
