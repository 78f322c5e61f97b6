"""Every code has a page, every page a code; the reference is made from the pages."""

from __future__ import annotations

import re

import pytest

from flyctl_orchestrator.catalog.error_pages import TOPICS, find_page, load_pages, near_codes
from flyctl_orchestrator.local.proxy.errors import STATUS
from tests.error_reference import PAGE, markdown
from tests.unit.catalog.codes_in_use import PACKAGE, codes_in_use

PAGES = load_pages()
EVENTS = PAGE.parent / "events.md"


def codes_of_events_page() -> set[str]:
    """Why a machine failed, as docs/reference/events.md lists it."""
    section = EVENTS.read_text("utf-8").split("## Why a machine failed")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`([\w.]+)`", row)}


def test_every_code_in_the_code_base_has_a_page() -> None:
    missing = {code: place for code, place in codes_in_use().items() if code not in PAGES}
    assert missing == {}, "write a page into flyctl_orchestrator/catalog/errors, then: python -m tests.error_reference"


def test_every_code_of_the_events_page_has_a_page() -> None:
    assert codes_of_events_page() - set(PAGES) == set()


def test_no_page_is_about_a_code_that_nobody_uses() -> None:
    used = {*codes_in_use(), *codes_of_events_page()}
    ours = {code for code, page in PAGES.items() if page.topic != "proxy"}
    assert ours - used == set()


def test_every_code_of_the_local_proxy_has_a_page() -> None:
    assert {code for code in STATUS if code not in PAGES or PAGES[code].topic != "proxy"} == set()


def test_every_file_of_pages_is_read() -> None:
    assert {path.stem for path in (PACKAGE / "catalog" / "errors").iterdir()} == set(TOPICS)


@pytest.mark.parametrize("code", PAGES)
def test_a_page_has_three_plain_sentences(code: str) -> None:
    page = PAGES[code]
    for text in (page.means, page.why, page.do):
        assert text == text.strip() and "\n" not in text and len(text) <= 160, text
    assert page.means.endswith(".") and page.why.endswith(".") and not page.do.endswith(" ")


def test_the_reference_is_what_the_pages_say() -> None:
    assert PAGE.read_text("utf-8") == markdown(PAGES), "run: python -m tests.error_reference"


def test_a_code_is_found_as_somebody_has_seen_it() -> None:
    for asked in ("api.network", "[api.network]", " API.Network ", "pc01", "[PC01]"):
        page = find_page(PAGES, asked)
        assert page is not None and page.code.casefold() == asked.strip(" []").casefold()
    assert find_page(PAGES, "api") is None


def test_an_unknown_code_lists_near_ones() -> None:
    assert near_codes(PAGES, "api.netwrok")[0] == "api.network"
    assert {code[:2] for code in near_codes(PAGES, "PC09")} <= {"PC", "PM"}
    assert all(code.startswith("lock.") for code in near_codes(PAGES, "lock"))
    assert near_codes(PAGES, "zzzzqqq") == []
