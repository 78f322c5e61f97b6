"""Which files a .dockerignore keeps out of a build, by Docker's rules.

A pattern is relative to the context, `*` stays within a directory and `**` spans them, a pattern that matches a
directory matches what is in it, `!` takes back, and the last pattern that matches decides.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\\.|\[\^?\]?[^\]]*\]|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class IgnoreRules:
    """The lines of one file, in order: what each matches, and whether it keeps it out."""

    rules: tuple[tuple[re.Pattern[str], bool], ...] = ()

    @classmethod
    def read(cls, text: str) -> IgnoreRules:
        """Rules from the text of a file; a line that is no pattern is passed over, the build complains of it."""
        rules = (_rule(line) for line in text.removeprefix("\ufeff").splitlines())
        return cls(tuple(rule for rule in rules if rule is not None))

    def keep_out(self, path: str) -> bool:
        """Whether a file (its path from the context on, with slashes) stays out of the build."""
        out = False
        for pattern, keeps in self.rules:
            if pattern.fullmatch(path):
                out = keeps
        return out

    def keep_all_out(self, directory: str) -> bool:
        """Whether everything in a directory certainly stays out; never where a pattern takes something back."""
        return self.keep_out(directory) and all(keeps for _, keeps in self.rules)


def _rule(line: str) -> tuple[re.Pattern[str], bool] | None:
    text = "" if line.startswith("#") else line.strip()
    keeps = not text.startswith("!")
    text = text.removeprefix("!").strip().lstrip("/")
    cleaned = posixpath.normpath(text) if text else "."
    if cleaned == ".":
        return None
    try:
        return re.compile("".join(map(_piece, _PIECES.findall(cleaned))) + "(?:/.*)?", re.DOTALL), keeps
    except re.error:
        return None


def _piece(piece: str) -> str:
    if piece in _WILD:
        return _WILD[piece]
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return "[" + re.sub(r"[\[&~|]|(?<=-)-", r"\\\g<0>", piece[1:-1]) + "]"
    return re.escape(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece)
