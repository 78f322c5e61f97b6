"""From bytes that somebody else wrote to values of a known shape, or a reason why not. Nothing in between."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from flyctl_orchestrator.fleet.redact import MASK, redact

T = TypeVar("T")

# Characters of an answer that are shown when it is not understood.
WORDS = 80
# Keys whose value is shown to nobody, wherever it stands.
_PRIVATE_VALUE = re.compile(r'("(?:nonce|token|value)"\s*:\s*")[^"]*', re.IGNORECASE)
_PATTERN = re.compile(r"str matching regex '.*'")


class Unreadable(Exception):
    """What was read is not what it should be. `reason` says why, in a few words that quote nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode(body: bytes, shape: type[T]) -> T:
    """Read JSON of a known shape: one value, UTF-8, no NaN, every field of its type; of two equal keys the last counts.

    Args:
        shape: a type that msgspec knows, e.g. list[wire.Machine]; fields it does not name may be anything.

    Raises:
        Unreadable: it is not JSON, or of another shape.
    """
    if not body:
        raise Unreadable("it is empty")
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise Unreadable(_reason(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # What the decoder says of broken JSON is about bytes and not about answers.
        raise Unreadable("it is not JSON" if body[:1] not in (b"{", b"[") else "it is broken JSON") from None


def convert(value: Any, shape: type[T]) -> T:
    """The same for JSON that was decoded already.

    Raises:
        Unreadable: it is of another shape.
    """
    try:
        return msgspec.convert(value, type=shape)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise Unreadable(_reason(error)) from None


def readable(text: str) -> str:
    """On one line, without control characters, marks that turn the writing direction, and the like."""
    return " ".join("".join(each for each in text if each.isprintable() or each.isspace()).split())


def first_words(body: bytes, private: Iterable[str] = ()) -> str:
    """How an answer begins, for a person: cleaned, cut, `private` values and nonces masked; "" when it is empty."""
    text = _PRIVATE_VALUE.sub(rf"\g<1>{MASK}", body.decode(errors="replace"))
    # Once as it came, and once as it is shown: what was between the parts of a secret may be gone by now.
    words = redact(readable(redact(text, private)), private)
    return words if len(words) <= WORDS else words[:WORDS] + "…"


def _reason(error: msgspec.ValidationError) -> str:
    """What the decoder expected and where, e.g. "expected array, got null"; it quotes no value."""
    said = _PATTERN.sub("str in another format", str(error).replace("`", ""))
    return said[:1].lower() + said[1:]
