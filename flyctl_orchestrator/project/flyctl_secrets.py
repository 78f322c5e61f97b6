'''Lines that are no .env text, and that `flyctl secrets import` takes: values in """, and quotes with quotes inside.'''

from __future__ import annotations

import re

TRIPLE = '"""'


def read_odd(text: str) -> tuple[tuple[str, str] | None, int]:
    """The pair that `text` begins with, by the rules of flyctl; blanks before it are gone already.

    A `#` begins a comment after a blank only, so that no value is cut short.

    Returns: name and value, None where there is no pair or a \"\"\" is never closed; and how many characters it takes.
    """
    line, newline, _ = text.partition("\n")
    used = len(line) + len(newline)
    name, equals, value = line.removesuffix("\r").partition("=")
    name = re.sub(r"^export[ \t]+", "", name).strip()
    if not equals or not name:
        return None, used
    value = _without_comment(value.strip(" "))
    if not value.startswith(TRIPLE):
        return ((name, _unquoted(value)) if value not in ("'", '"') else None), used
    if value.endswith(TRIPLE) and len(value) >= 2 * len(TRIPLE):
        return (name, value[len(TRIPLE) : -len(TRIPLE)]), used
    # Blanks at the end of a first line belong to the value.
    first = line.removesuffix("\r").partition("=")[2].lstrip(" ")
    return _over_lines(name, (value if "#" in first and value != first.rstrip(" ") else first)[3:], text, used)


def _over_lines(name: str, first: str, text: str, used: int) -> tuple[tuple[str, str] | None, int]:
    lines = [first]
    begun = used
    while used < len(text):
        end = text.find("\n", used)
        end = len(text) if end < 0 else end
        line, used = text[used:end].removesuffix("\r"), min(end + 1, len(text))
        if line.endswith(TRIPLE):
            lines.append(line.removesuffix(TRIPLE))
            return (name, "\n".join(lines)), used
        lines.append(line)
    return None, begun


def _without_comment(value: str) -> str:
    for found in re.finditer(r"[ \t]#", value):
        # Within quotes it is part of the value.
        if value[: found.start()].count('"') % 2 == 0:
            return value[: found.start()].rstrip(" ")
    return value


def _unquoted(value: str) -> str:
    for quote in "\"'":
        if len(value) > 1 and value.startswith(quote) and value.endswith(quote):
            return value[1:-1]
    return value
