"""Words and variables of a Dockerfile: quotes, escapes, `$name` and `${name:-default}`.

Rules: https://docs.docker.com/reference/dockerfile/#environment-replacement .
"""

from __future__ import annotations

from collections.abc import Mapping


def expand(word: str, variables: Mapping[str, str], escape: str = "\\", *, quotes: bool = True) -> str:
    """A word with its variables replaced and its quotes removed. An unknown variable is empty.

    Without `quotes` (the text of a here-document) quotes stand for themselves, and the escape only guards a `$`.

    Raises:
        ValueError: an unclosed quote or brace, a `${name?message}` that is not met, or a modifier that is not known.
    """
    return _Reader(word, variables, escape, quotes).read()


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Words divided by white space, except inside quotes or after the escape; quotes stay for `expand` to remove."""
    words: list[str] = []
    word, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'" and at + 1 < len(text):
            word += char + text[at + 1]
            at += 2
            continue
        if char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        if char.isspace() and not quote:
            if word:
                words.append(word)
            word = ""
        else:
            word += char
        at += 1
    return [*words, word] if word else words


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str], escape: str, quotes: bool) -> None:
        self._text = text
        self._quotes = quotes
        self._variables = variables
        self._escape = escape
        self._at = 0

    def read(self) -> str:
        return self._until("")

    def _until(self, end: str) -> str:
        """Everything up to an unquoted `end` (consumed), expanded."""
        out: list[str] = []
        while self._at < len(self._text):
            char = self._next()
            if char == end:
                return "".join(out)
            if char == "'" and self._quotes:
                out.append(self._verbatim())
            elif char == '"' and self._quotes:
                out.append(self._double_quoted())
            elif char == "$":
                out.append(self._variable())
            elif char == self._escape and (self._quotes or self._text.startswith("$", self._at)):
                out.append(self._next())
            else:
                out.append(char)
        if end:
            raise ValueError(f"`{end}` is missing")
        return "".join(out)

    def _next(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        return char

    def _verbatim(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise ValueError("a single quote is not closed")
        inside = self._text[self._at : end]
        self._at = end + 1
        return inside

    def _double_quoted(self) -> str:
        out: list[str] = []
        while self._at < len(self._text):
            char = self._next()
            if char == '"':
                return "".join(out)
            if char == "$":
                out.append(self._variable())
            elif char == self._escape and self._text[self._at : self._at + 1] in ('"', "$", self._escape):
                out.append(self._next())
            else:
                out.append(char)
        raise ValueError("a double quote is not closed")

    def _name(self) -> str:
        start = self._at
        while self._at < len(self._text) and (self._text[self._at].isalnum() or self._text[self._at] == "_"):
            self._at += 1
        return self._text[start : self._at]

    def _variable(self) -> str:
        if self._text[self._at : self._at + 1] != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._at += 1
        name = self._name()
        if not name:
            raise ValueError("`${` is not followed by a name")
        mark = self._next()
        if mark == "}":
            return self._variables.get(name, "")
        empty_counts = mark == ":"
        if empty_counts:
            mark = self._next()
        if mark not in ("-", "+", "?") or not mark:
            raise ValueError(f"`${{{name}{mark}…}}` is not understood by the local platform")
        return self._modified(name, mark, empty_counts, self._until("}"))

    def _modified(self, name: str, mark: str, empty_counts: bool, word: str) -> str:
        value = self._variables.get(name)
        is_set = bool(value) if empty_counts else value is not None
        if mark == "+":
            return word if is_set else ""
        if not is_set and mark == "?":
            raise ValueError(f"{name}: {word or 'is not set'}")
        return (value or "") if is_set else word
