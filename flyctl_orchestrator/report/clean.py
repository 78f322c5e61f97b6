"""Takes out of text whatever a terminal or a pipeline would obey instead of showing it.

Most of what `flyo` shows was written by others: apps, machines, build logs, colleagues. None of it may move a cursor,
change a colour or a window's title, turn the reading direction round, or begin a new line of ours.
"""

from __future__ import annotations

import re
from itertools import chain

# ECMA-48: a control sequence; a string with its end (OSC, DCS, SOS, PM, APC); a shorter escape. A string without an end
# loses its beginning only.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_SPACES = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_CONTROLS: dict[int, str | None] = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
# Marks that turn the direction round, and letters that no font shows.
_UNSEEN: dict[int, str | None] = dict.fromkeys(
    chain(
        (0x61C, 0x200E, 0x200F, 0xFEFF),
        *(range(first, last + 1) for first, last in ((0x202A, 0x202E), (0x2066, 0x206F), (0xFFF9, 0xFFFB))),
        range(0xE0000, 0xE0080),
    )
)
# Half a character, e.g. from a file name that is not UTF-8: no stream can write it.
_HALVES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_REPLACED = {**_HALVES, **_CONTROLS, **_UNSEEN, **_SPACES}

_MARKED = re.compile(r"##(?=\w*\[)")


def clean(text: str) -> str:
    """`text` as one line of characters that only show themselves; what separates lines becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    return _SEQUENCES.sub("", text).translate(_REPLACED)


def unmarked(line: str) -> str:
    """A line without the marks that pipelines' runners obey, such as "##[add-mask]" or "##vso[task.complete]"."""
    return _MARKED.sub("## ", line)


def begins_command(line: str) -> bool:
    """Whether GitHub's runner takes the line for a command: it begins with "::", blanks aside."""
    return line.lstrip().startswith("::")
