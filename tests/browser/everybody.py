"""What pages are held to: axe's rules, and that nothing is wider than the window; in every view there is."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

WIDER_THAN_THE_WINDOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# Width in pixels, and what else a browser is set to.
VIEWS: tuple[tuple[int, dict[str, Any]], ...] = (
    (390, {"color_scheme": "light"}),
    (390, {"color_scheme": "dark"}),
    (1280, {"color_scheme": "light"}),
    (1280, {"color_scheme": "dark"}),
    (1280, {"forced_colors": "active"}),
)


def faults(page: Page) -> list[str]:
    """What axe says against the page."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {each['id']}: {node['target']}" for each in found for node in each["nodes"]]


def faults_and_width(page: Page) -> list[str]:
    """What axe says against the page, and whether it is wider than its window."""
    wider = page.evaluate(WIDER_THAN_THE_WINDOW)
    return [*faults(page), *([f"{page.url}: {wider} pixels wider than the window"] if wider > 0 else [])]
