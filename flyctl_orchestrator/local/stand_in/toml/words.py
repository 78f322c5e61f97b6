"""Splitting a command line into words: quotes, backslashes and comments, as flyctl does for `[processes]`."""

from __future__ import annotations

from collections.abc import Iterator


def split_words(text: str) -> list[str]:
    """The words of a command line.

    Raises:
        ValueError: a quote is never closed, or the text ends in a backslash.
    """
    words: list[str] = []
    current: list[str] | None = None
    quote = ""
    chars = iter(text)
    for char in chars:
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"':
                assert current is not None
                current.append(_escaped(chars))
            else:
                assert current is not None
                current.append(char)
        elif char in " \t\r\n":
            if current is not None:
                words.append("".join(current))
                current = None
        elif char == "#" and current is None:
            _skip_comment(chars)
        else:
            current = [] if current is None else current
            if char in "\"'":
                quote = char
            else:
                current.append(_escaped(chars) if char == "\\" else char)
    if quote:
        raise ValueError("EOF found when expecting closing quote")
    if current is not None:
        words.append("".join(current))
    return words


def _escaped(chars: Iterator[str]) -> str:
    char = next(chars, None)
    if char is None:
        raise ValueError("EOF found after escape character")
    return char


def _skip_comment(chars: Iterator[str]) -> None:
    for char in chars:
        if char == "\n":
            return
