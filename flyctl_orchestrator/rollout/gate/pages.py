"""Which page is asked for next, where there are several."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

# How often the health page is asked for, for each time of another page: the platform asks for it all the time.
HEALTH_SHARE = 0.25


def share(pages: Sequence[str], path: str) -> float:
    """How often a page is asked for, compared with one that is asked for as often as any.

    Args:
        pages: all of them, the health page first.
    """
    return HEALTH_SHARE if path == pages[0] and len(pages) > 1 else 1.0


def next_page(pages: Sequence[str], asked: Mapping[str, int], among: Collection[str] = ()) -> str:
    """The page that is furthest behind its share.

    Args:
        pages: all of them, the health page first.
        asked: page -> how often it was asked for.
        among: only one of these; empty for all.
    """
    # The health page loses a draw, since the others are what nobody else looks at.
    chosen = [page for page in (*pages[1:], pages[0]) if not among or page in among]
    return min(chosen, key=lambda page: (asked.get(page, 0) + 1) / share(pages, page))
