"""Bodies are read as strictly as Fly.io reads them, and nothing in one can break what walks it."""

from __future__ import annotations

import json

import pytest

from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.json_body import DEEPEST, decoded


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 3_000, 200_000])
def test_what_is_nested_too_deep_is_refused(opening: bytes, depth: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    inner = b"" if opening == b"[" else b"1"
    with pytest.raises(PlatformError, match="nested deeper than 100 levels") as refusal:
        decoded(opening * depth + inner + closing * depth)
    assert refusal.value.status == 400


def test_what_is_nested_as_deep_as_allowed_is_read() -> None:
    assert json.dumps(decoded(b"[" * DEEPEST + b"]" * DEEPEST)) == "[" * DEEPEST + "]" * DEEPEST


@pytest.mark.parametrize("text", [b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"{", b"'a'", b"\xff", b'"\xc3"'])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(PlatformError, match="not JSON") as refusal:
        decoded(text)
    assert refusal.value.status == 400


def test_half_a_character_becomes_one_that_can_be_sent_on() -> None:
    found = decoded(b'{"a\\ud800": ["\\udfff", "\\ud83d\\ude00", "\xc3\xa9", 1]}')
    assert found == {"a\ufffd": ["\ufffd", "\U0001f600", "\u00e9", 1]}
    json.dumps(found, ensure_ascii=False).encode()


def test_no_body_says_nothing() -> None:
    assert (decoded(b""), decoded(b" \n")) == (None, None)
