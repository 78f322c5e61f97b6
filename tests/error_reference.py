"""docs/reference/errors.md, made from the pages that `flyo explain` shows.

python -m tests.error_reference    writes it anew
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from flyctl_orchestrator.catalog.error_pages import TOPICS, Page, load_pages

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "errors.md"
HEAD = """# Error codes

The line of every error ends with a stable code in brackets, such as `[api.network]`; with `--json` it is the field
`code`. `flyo explain CODE` shows what stands here, `flyo explain` alone lists the codes, and `--json` gives either as
JSON (`flyo.explain/1`). Codes are never given another meaning; new ones may come. With which status a command ends is
said by [exit statuses](exit-statuses.md).

This page is made from `flyctl_orchestrator/catalog/errors/` by `python -m tests.error_reference`.
"""


def markdown(pages: dict[str, Page]) -> str:
    """The whole page."""
    parts = [HEAD]
    for topic, of_topic in groupby(pages.values(), key=lambda page: page.topic):
        parts.append(
            f"\n## {TOPICS[topic]}\n\n| code | what it means | why it happens | what to do |\n|---|---|---|---|\n"
        )
        parts += [f"| `{page.code}` | {cell(page.means)} | {cell(page.why)} | {cell(page.do)} |\n" for page in of_topic]
    return "".join(parts)


def cell(text: str) -> str:
    """A text in a table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(markdown(load_pages()), "utf-8")
