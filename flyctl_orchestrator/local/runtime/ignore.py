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

from flyctl_orchestrator.local.runtime.failure import BuildFailed

_WILD = re.compile(r"[*?\[\\]")
_TO_ESCAPE = frozenset(".+()|{}$^")


def regex_of(pattern: str) -> str:
    """A regular expression for one cleaned pattern, matching a path or anything below it.

    `**/` may match no directory at all, and `a/**` does not match `a` itself.
    """
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 2 if pattern.startswith("/", at + 1) else 1
            out.append(".*" if at >= len(pattern) else "(?:.*/)?")
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "\\":
            out.append(re.escape(pattern[at : at + 1] or "\\"))
            at += 1
        elif char in _TO_ESCAPE and not _inside_class(out):
            out.append("\\" + char)
        else:
            out.append(char)
    return f"^{''.join(out)}(?:/.*)?$"


def _inside_class(out: list[str]) -> bool:
    so_far = "".join(out)
    return so_far.rfind("[") > so_far.rfind("]")


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
    return posixpath.normpath("/" + text).lstrip("/") if text != "." else "", leaves_out


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
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
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


def read_ignore(context: Path, dockerfile: Path) -> Ignore:
    """The rules for a Dockerfile: those of `NAME.dockerignore` next to it, else the context's .dockerignore."""
    for path in (dockerfile.with_name(dockerfile.name + ".dockerignore"), context / ".dockerignore"):
        try:
            return Ignore(path.read_text("utf-8", "surrogateescape"), path.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BuildFailed(
                "build.context", f"{path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
    return Ignore()
