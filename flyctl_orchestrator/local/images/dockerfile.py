"""A Dockerfile's text as a list of instructions: comments, continuations, directives, here-documents, flags.

Format: https://docs.docker.com/reference/dockerfile/#format . What the instructions mean is `stages.py`'s business.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from flyctl_orchestrator.local.images.failure import BuildFailed

_KNOWN = frozenset(
    {
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
        *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)
_TAKES_FLAGS = frozenset({"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"})
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"""(?:^|\s)\d*<<(-?)(['"]?)([^\s'"<>|;&()]+)\2(?=$|[\s>|;&)])""")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)")


@dataclass(frozen=True)
class Heredoc:
    """A here-document: its delimiter, its text, and whether variables in it are replaced (delimiter unquoted)."""

    name: str
    body: str
    expands: bool


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        line: where it begins, from 1.
        name: upper case, e.g. "COPY".
        flags: `--name=value` before the arguments, in order; the value is "" for a bare `--name`.
        text: the arguments, continuations joined.
        heredocs: the here-documents it is followed by.
    """

    line: int
    name: str
    text: str
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str | None:
        """The last value of a flag, or None when it is not given."""
        values = [value for key, value in self.flags if key == name]
        return values[-1] if values else None

    def exec_form(self) -> tuple[str, ...] | None:
        """The arguments when they are a JSON list of strings, else None (shell form)."""
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except ValueError:
            return None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return tuple(words)
        return None


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile that was read: its name for errors, its escape character, its instructions."""

    name: str
    escape: str
    instructions: tuple[Instruction, ...]

    def error(self, line: int, what: str, hint: str = "") -> BuildFailed:
        """An error about one line of this file."""
        return BuildFailed("build.dockerfile", f"{self.name}:{line}: {what}", hint or f"Fix {self.name}.")


def parse(text: str, name: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        BuildFailed: an unknown instruction, one without arguments, or an unfinished here-document; says the line.
    """
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    file = Dockerfile(name, _escape_of(lines), ())
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        if _says_nothing(lines[at]):
            at += 1
            continue
        start = at + 1
        logical, at = _logical_line(lines, at, file.escape)
        if not logical:
            continue
        heredocs, at = _heredocs(file, logical, lines, at, start)
        found.append(_instruction(file, logical, heredocs, start))
    return Dockerfile(name, file.escape, tuple(found))


def _says_nothing(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#")


def _escape_of(lines: list[str]) -> str:
    """The escape character, which a directive may change; directives end at the first line that is not one."""
    for line in lines:
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape" and directive[2] in ("\\", "`"):
            return directive[2]
    return "\\"


def _logical_line(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """The line at `at` with its continuations, and the index after it. Comments and blank lines in between go."""
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    text = lines[at].strip() if not continued.search(lines[at]) else lines[at].lstrip()
    at += 1
    while continued.search(text):
        text = continued.sub("", text)
        while at < len(lines) and _says_nothing(lines[at]):
            at += 1
        if at == len(lines):
            break
        text += lines[at]
        at += 1
    return text.strip(), at


def _heredocs(file: Dockerfile, logical: str, lines: list[str], at: int, start: int) -> tuple[tuple[Heredoc, ...], int]:
    """The here-documents announced by a line, and the index after the last one."""
    if logical.split(None, 1)[0].upper() not in ("RUN", "COPY", "ADD"):
        return (), at
    found = []
    for dash, quote, name in _HEREDOC.findall(logical):
        body = []
        while at < len(lines):
            line = lines[at].lstrip("\t") if dash else lines[at]
            at += 1
            if line == name:
                break
            body.append(line + "\n")
        else:
            raise file.error(start, f"here-document `{name}` has no end", f"Add a line that is only {name}.")
        found.append(Heredoc(name, "".join(body), expands=not quote))
    return tuple(found), at


def _instruction(file: Dockerfile, logical: str, heredocs: tuple[Heredoc, ...], line: int) -> Instruction:
    word, *rest = logical.split(None, 1)
    name, text = word.upper(), rest[0] if rest else ""
    if name not in _KNOWN:
        raise file.error(line, f"unknown instruction `{word}`")
    if not text:
        raise file.error(line, f"{name} needs an argument")
    flags = []
    while name in _TAKES_FLAGS and (flag := _FLAG.match(text)):
        flags.append((flag[1], flag[2] or ""))
        text = text[flag.end() :]
    return Instruction(line, name, text, tuple(flags), heredocs)
