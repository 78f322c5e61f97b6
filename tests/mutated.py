"""Files that somebody has edited: a good text with a few lines that are not what they were, by chance."""

from __future__ import annotations

import re
from random import Random

VALUES = (
    '""', '"x"', '"iad"', '"90s"', '"/"', '"\\u0000"', '"é\\n"', "0", "-1", "3.5", "1e308", "-1e308", "9" * 25, "nan",
    "inf", "true", "false", "[]", "[[]]", "[1]", '["iad"]', "{}", "{ a = 1 }", "[{}]", "2026-01-01", "07:32:00",
)  # fmt: skip
WORDS = ("=", "[", "]", '"', "\\", "\0", "\r", "\ufeff", "é", "#", "{", "'''", "-", "..", "\u202e")
_VALUE = re.compile(r"(=\s*)(.+)$")


def mutated(text: str, chance: Random) -> bytes:
    """A text with one to four lines changed; now and then with a few bytes that are no text."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines)) if lines else 0
        lines[at : at + 1] = _edited(lines[at] if lines else "", lines, chance)
    data = "\n".join(lines).encode()
    if chance.random() < 0.05:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.randbytes(3) + data[at:]
    return data


def _edited(line: str, lines: list[str], chance: Random) -> list[str]:
    """What stands in the place of a line."""
    kind = chance.random()
    if kind < 0.5 and _VALUE.search(line):
        return [_VALUE.sub(lambda found: found[1] + chance.choice(VALUES), line)]
    if kind < 0.65:
        return []
    if kind < 0.75:
        return [line, chance.choice(lines or [""])]
    if kind < 0.85:
        return [line, f"{chance.choice(('app', 'iad', 'at', 'price', 'path'))} = {chance.choice(VALUES)}"]
    at = chance.randrange(len(line) + 1)
    return [line[:at] + chance.choice(WORDS) + line[at + chance.randint(0, 3) :]]
