"""What each stable code means, why it happens and what to do: the pages that `flyo explain` shows.

The pages are data in `errors/`, a file per topic; docs/reference/errors.md is made from the same files.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from flyctl_orchestrator.catalog.source import read_catalog

# file in errors/ -> what its codes are about, in the order in which they are listed.
TOPICS = {
    "project": "Files, flags and secrets",
    "platform": "Fly.io, flyctl, builders and the local platform",
    "rollout": "Plans, rollouts, locks and rehearsals",
    "gate": "Why a machine or a wave did not pass",
    "doctor": "What flyo doctor finds",
    "proxy": "What fly-proxy answers",
}


@dataclass(frozen=True)
class Page:
    """What is told about one code.

    Attributes:
        topic: one of `TOPICS`.
        means: what it means.
        why: why it happens.
        do: what to do.
    """

    code: str
    topic: str
    means: str
    why: str
    do: str


def load_pages() -> dict[str, Page]:
    """Every page by its code, in the order of the topics.

    They belong to this version of flyo, so FLYO_CATALOG_DIR does not replace them.
    """
    pages: dict[str, Page] = {}
    for topic in TOPICS:
        _, data = read_catalog(f"errors/{topic}.toml", {})
        for code, said in data.items():
            assert code not in pages, code
            pages[code] = Page(code, topic, said["means"], said["why"], said["do"])
    return pages


def find_page(pages: Mapping[str, Page], asked: str) -> Page | None:
    """The page that somebody asks for as they have seen it: with brackets, in capitals, or not."""
    wanted = asked.strip().strip("[]").casefold()
    return next((page for code, page in pages.items() if code.casefold() == wanted), None)


def near_codes(pages: Mapping[str, Page], asked: str, most: int = 5) -> list[str]:
    """Codes that may have been meant: nearly the same ones, those that share a word, then those a bit alike."""
    wanted = asked.strip().strip("[]").casefold()
    plain = {code.casefold(): code for code in pages}
    nearly, alike = (
        [plain[each] for each in difflib.get_close_matches(wanted, plain, most, how)] for how in (0.8, 0.6)
    )
    words = {word for word in wanted.split(".") if word}
    related = [code for code in pages if words & set(code.casefold().split("."))]
    return list(dict.fromkeys([*nearly, *related, *alike]))[:most]
