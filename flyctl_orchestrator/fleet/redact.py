"""Takes secret values out of text that somebody else wrote, before anybody reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[hidden]"
# Hiding shorter strings would blank out ordinary words and numbers, and tell by that what they are.
SHORTEST = 4
# The query of a path or a URL, without what ends a sentence; its parts.
_QUERY = re.compile(r"(/[^\s?#]*\?)([^\s#]*[^\s#:,;.)'\"])")
_PART = re.compile(r"([^&;=]*=)?([^&;]*)")
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


def without_queries(text: str) -> str:
    """`text` with the values in the queries of its paths and URLs masked: some apps take a token there.

    Names stay, and so do values shorter than four characters, such as those of `?page=2`.
    """
    return _QUERY.sub(lambda found: found[1] + _PART.sub(_masked, found[2]), text)


def without_private(text: str) -> str:
    """A line that an app or a tool wrote, as everybody may read it: without passwords in URLs and values in queries."""
    return without_queries(without_credentials(text))


def _masked(part: re.Match[str]) -> str:
    name, value = part[1] or "", part[2]
    return name + (MASK if len(value) >= SHORTEST else value)


def _parts(values: Iterable[str]) -> set[str]:
    parts: set[str] = set()
    for value in values:
        bare = value.removeprefix("Bearer ").removeprefix("FlyV1 ")
        parts |= {value.strip(), bare.strip(), *bare.split(","), *bare.splitlines()}
    return {part for part in parts if len(part.strip()) >= SHORTEST}
