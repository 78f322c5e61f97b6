"""What .dockerignore leaves out of a build context, with Docker's rules (which are not those of .gitignore).

Rules: https://docs.docker.com/build/concepts/context/#dockerignore-files . A pattern is relative to the context's root,
a leading slash means nothing, `**` spans directories, `!` takes back, the last pattern that matches decides, and a
pattern that matches a directory matches everything below it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import AnyStr

from pathspec import PathSpec
from pathspec.pattern import RegexPattern

from flyctl_orchestrator.local.images.failure import BuildFailed

_WILD = re.compile(r"[*?\[\\]")
# What only Python gives a meaning to inside brackets.
_IN_CLASS = re.compile(r"[\[&~|]|(?<=-)-")


def regex_of(pattern: str) -> str:
    """A regular expression for one cleaned pattern, matching a path or anything below it.

    `**/` may match no directory at all, and `a/**` does not match `a` itself.
    """
    out: list[str] = []
    at = 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        out.append(piece)
    return f"^{''.join(out)}(?:/.*)?$"


def _piece(pattern: str, at: int) -> tuple[str, int]:
    """The regular expression for what stands at an index, and the index after it."""
    char = pattern[at]
    if pattern.startswith("**", at):
        after = at + (3 if pattern.startswith("/", at + 2) else 2)
        return (".*" if after >= len(pattern) else "(?:.*/)?"), after
    if char == "\\":
        return re.escape(pattern[at + 1 : at + 2] or "\\"), at + 2
    if char == "[":
        # A bracket right after the opening one (or its ^) stands for itself.
        end = pattern.find("]", at + (3 if pattern.startswith("^", at + 1) else 2))
        inside = pattern[at + 1 : end] if end > 0 else pattern[at + 1 :]
        return "[" + _IN_CLASS.sub(r"\\\g<0>", inside) + ("]" if end > 0 else ""), at + len(inside) + 2
    return {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)), at + 1


class DockerPattern(RegexPattern):
    """One line of a .dockerignore, for pathspec: `!` gives a pattern that takes back."""

    @classmethod
    def pattern_to_regex(cls, pattern: AnyStr) -> tuple[AnyStr | None, bool | None]:
        """The regular expression of a line and whether it leaves out; (None, None) for comments and blank lines.

        Raises:
            ValueError: a lone `!`.
        """
        line = pattern.decode() if isinstance(pattern, bytes) else pattern
        cleaned, leaves_out = _cleaned(line)
        regex = regex_of(cleaned) if cleaned else None
        if regex is None:
            return None, None
        return (regex.encode() if isinstance(pattern, bytes) else regex), leaves_out


def _cleaned(line: str) -> tuple[str, bool]:
    """The pattern without `!`, leading slash and dots, and whether it leaves out; "" when the line says nothing."""
    if line.startswith("#"):
        return "", True
    text = line.strip()
    leaves_out = not text.startswith("!")
    if not leaves_out:
        text = text[1:].strip()
        if not text:
            raise ValueError("a lone `!` takes nothing back")
    if not text:
        return "", True
    clean = posixpath.normpath(text.lstrip("/"))
    return ("" if clean == "." else clean), leaves_out


class Ignore:
    """The ignore rules of one build context.

    Args:
        text: the file's content.
        name: how the file is called in errors.

    Raises:
        BuildFailed: a pattern that is not one, with its line.
    """

    def __init__(self, text: str = "", name: str = ".dockerignore") -> None:
        patterns = []
        self._taken_back: list[str] = []
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            try:
                patterns.append(DockerPattern(line))
                cleaned, leaves_out = _cleaned(line)
            except (ValueError, re.error) as error:
                raise BuildFailed(
                    "build.dockerignore", f"{name}:{number}: `{line.strip()}` is not a pattern: {error}", f"Fix {name}."
                ) from error
            if cleaned and not leaves_out:
                self._taken_back.append(_fixed_start(cleaned))
        self._spec = PathSpec(patterns)

    def leaves_out(self, path: str) -> bool:
        """Whether a path (relative, with slashes) stays out of the context."""
        return bool(self._spec.match_file(path))

    def may_take_back_below(self, directory: str) -> bool:
        """Whether something inside an ignored directory could still be in the context."""
        below = directory + "/"
        return any(start.startswith(below) or below.startswith(start) for start in self._taken_back)


def _fixed_start(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    wild = _WILD.search(pattern)
    return pattern[: wild.start()] if wild else pattern


def read_ignore(context: Path, dockerfile: Path, named: Path | None = None) -> Ignore:
    """The rules for a Dockerfile: those of `NAME.dockerignore` next to it, else the context's .dockerignore.

    Args:
        named: the file that has them instead.
    """
    usual = (dockerfile.with_name(dockerfile.name + ".dockerignore"), context / ".dockerignore")
    for path in (named,) if named else usual:
        try:
            return Ignore(path.read_text("utf-8", "surrogateescape"), path.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BuildFailed(
                "build.context", f"{path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
    return Ignore()
