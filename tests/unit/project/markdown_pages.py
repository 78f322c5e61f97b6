"""The project's Markdown files as links, anchors and code, read by a Markdown parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (".github", "bench", "demo", "docs", "flyctl_orchestrator", "habit_app", "tests")


@dataclass
class Page:
    """One Markdown file.

    Attributes:
        links: targets of links and images, as written.
        anchors: what `#…` may name in this page, as GitHub makes it from the headings.
        spans: texts of `code spans`.
        blocks: contents of code blocks.
    """

    path: Path
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    spans: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The path from the project's root."""
        return self.path.relative_to(ROOT).as_posix()


@cache
def pages() -> tuple[Page, ...]:
    """Every Markdown file of the project."""
    found = [*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))]
    return tuple(read(path) for path in sorted(found))


def read(path: Path) -> Page:
    """Parse one file."""
    page = Page(path)
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            page.anchors.add(_anchor(_text(tokens[index + 1]), page.anchors))
        elif token.type in ("fence", "code_block"):
            page.blocks.append(token.content)
        for child in _inside(token):
            _take(page, child)
    return page


def _inside(token: Token) -> Iterator[Token]:
    for child in token.children or ():
        yield child
        yield from _inside(child)


def _take(page: Page, token: Token) -> None:
    target = (
        token.attrGet("href") if token.type == "link_open" else token.attrGet("src") if token.type == "image" else None
    )
    if target is not None:
        page.links.append(str(target))
    elif token.type == "code_inline":
        page.spans.append(token.content)


def _text(heading: Token) -> str:
    return "".join(child.content for child in heading.children or ())


def _anchor(text: str, taken: set[str]) -> str:
    # GitHub's rule: lower case, no punctuation, blanks become hyphens, and a number where the name is taken.
    name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    numbered = (f"{name}-{number}" if number else name for number in range(len(taken) + 1))
    return next(each for each in numbered if each not in taken)
