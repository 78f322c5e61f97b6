"""The shell blocks of README.md and docs/, with the mark above each: docs/explanation/testing.md has its grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(
    r"^(?:<!--(?P<mark>(?:(?!-->).)*)-->\n)?```(?P<kind>sh|bash|shell|console)\b[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PROJECTS = {"shop", "empty"}


class BadMark(ValueError):
    """A mark that is none."""


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        commands: what is typed.
        output: what is printed then, as the page shows it; "" where it shows nothing.
        reason: why it is not run; "" where it is.
        project: what is in the directory that the page begins in.
        status: exit status of the last command; those before it end with 0.
        variables: of the environment.
        before: commands that the page does not show.
    """

    page: str
    line: int
    commands: str
    output: str = ""
    reason: str = ""
    project: str = "shop"
    status: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    before: str = ""

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"


@cache
def blocks() -> tuple[Block, ...]:
    """Every block of every page."""
    return tuple(block for page in PAGES for block in read(page.read_text("utf-8"), page.relative_to(ROOT).as_posix()))


def read(text: str, page: str) -> list[Block]:
    """The blocks of one page.

    Raises:
        BadMark: one has no mark, or one that is none.
    """
    return [_block(found, page, 1 + text.count("\n", 0, found.start("kind"))) for found in _BLOCK.finditer(text)]


def _block(found: re.Match[str], page: str, line: int) -> Block:
    commands, output = _typed(found["text"]) if found["kind"] == "console" else (found["text"], "")
    first, _, before = (found["mark"] or "").strip().partition("\n")
    if first.startswith("not run: ") and not before:
        return Block(page, line, commands, output, reason=first.removeprefix("not run: "))
    verb, *words = first.split() or [""]
    if verb != "run":
        raise BadMark(f"{page}:{line}: write <!-- run --> or <!-- not run: WHY --> above the block")
    given = dict(word.partition("=")[::2] for word in words)
    variables = {name: value for name, value in given.items() if name.isupper()}
    project, status = given.get("in", "shop"), given.get("status", "0")
    wrong = given.keys() - variables.keys() - {"in", "status"}
    if wrong or project not in PROJECTS or not status.isdigit():
        raise BadMark(f"{page}:{line}: takes in={'|'.join(sorted(PROJECTS))}, status=N and VARIABLE=VALUE")
    return Block(page, line, commands, output, "", project, int(status), variables, before)


def _typed(text: str) -> tuple[str, str]:
    """The commands of a console block, those behind "$ ", and all other lines."""
    lines = text.splitlines()
    typed = [line[2:] for line in lines if line.startswith("$ ")]
    shown = [line for line in lines if not line.startswith("$ ")]
    return "".join(f"{line}\n" for line in typed), "\n".join(shown)


_VARYING = (
    (r"\d{4}-\d{8}-\d{6}-[0-9a-f]{6}", "ROLLOUT"),
    (r"flyo-\d{8}-\d{6}-[0-9a-f]{6}", "LABEL"),
    (r"\b[0-9a-f]{12,14}\b", "ID"),
    (r"\b\d+(?:\.\d+)? ?(?:ms|s)\b", "TIME"),
    (r"\b\w+@[\w.-]+", "WHO"),
    (r"localhost:\d+", "localhost:PORT"),
    (r"\bv\d+\b", "vN"),
)


def alike(text: str) -> str:
    """A text without what is another one every time: ids, times, ports, users, and how lines are broken."""
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return " ".join(text.split())


def is_shown(output: str, said: str) -> bool:
    """Whether what a page shows was said, in this order; "…" on the page stands for anything."""
    rest = alike(said)
    for part in (alike(each) for each in output.split("…")):
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True
