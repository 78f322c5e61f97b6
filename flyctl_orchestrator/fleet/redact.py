"""Takes secret values out of text that somebody else wrote, before anybody reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[hidden]"
# Hiding shorter strings would blank out ordinary words and numbers, and tell by that what they are.
SHORTEST = 4
_CREDENTIALS = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")


def redact(text: str, values: Iterable[str]) -> str:
    """`text` with every one of `values` (and each line and comma-separated part of them) masked.

    Values shorter than four characters stay: they cannot be told from ordinary text.
    """
    for value in sorted(_parts(values), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def without_credentials(text: str) -> str:
    """`text` with the passwords in its URLs masked: apps like to tell which database they cannot reach."""
    return _CREDENTIALS.sub(rf"\1:{MASK}", text)


def _parts(values: Iterable[str]) -> set[str]:
    parts: set[str] = set()
    for value in values:
        bare = value.removeprefix("Bearer ").removeprefix("FlyV1 ")
        parts |= {value.strip(), bare.strip(), *bare.split(","), *bare.splitlines()}
    return {part for part in parts if len(part.strip()) >= SHORTEST}
