"""Passwords that many people have, so that guessing begins with them.

No list of leaked passwords but what those are made of: a few words everybody uses, written by hand for this app, with
digits, signs, a year or a second such word around them, letters swapped for look-alikes; and rows of keys.
"""

from __future__ import annotations

import re
from pathlib import Path

_WORDS = frozenset(Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").split())
_ROWS = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz",
)
_COLUMNS = "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"
_DIGITS = "01234567890123456789"
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_SHORTEST_ROW = 4
# No word and no row is longer, and whoever sends a long password buys no time with it.
_LONGEST_PART = max(map(len, (*_WORDS, *_ROWS)))


def is_common(password: str) -> bool:
    """Whether a password is one of the first that anybody would try."""
    text = password.casefold()
    if _is_row(text) or _is_repeated(text):
        return True
    # What stands around the words is as common as the words.
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    kinds = {core, core.translate(_LOOK_ALIKES), text.translate(_LOOK_ALIKES)}
    return any(_is_made_of_words(re.sub(r"[\W\d_]+", "", kind)) for kind in kinds)


def _is_made_of_words(text: str, most: int = 2) -> bool:
    """Whether a text is one to `most` common words, or rows of keys, one behind the other."""
    reach = {0: 0}  # how many words it takes to get so far
    for start in range(len(text)):
        if reach.get(start, most) >= most:
            continue
        for end in range(start + 1, min(start + _LONGEST_PART, len(text)) + 1):
            part = text[start:end]
            if part in _WORDS or (len(part) >= _SHORTEST_ROW and _is_row(part)):
                reach[end] = min(reach.get(end, most), reach[start] + 1)
    return bool(text) and len(text) in reach


def _is_row(text: str) -> bool:
    """Whether a text is keys or digits in a row, forwards or backwards."""
    rows = (*_ROWS, _COLUMNS, _DIGITS)
    parts = re.findall(r"\d+|\D+", text)
    whole = any(text in row or text[::-1] in row for row in rows)
    return whole or (len(parts) > 1 and all(any(part in row or part[::-1] in row for row in rows) for part in parts))


def _is_repeated(text: str) -> bool:
    """Whether a text is a short piece again and again."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, min(5, len(text) // 2 + 1)))
