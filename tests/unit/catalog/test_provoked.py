"""Which codes of docs/reference/errors.md no test names: a list that may only become shorter."""

from __future__ import annotations

import re
from pathlib import Path

from flyctl_orchestrator.catalog.error_pages import load_pages

TESTS = Path(__file__).resolve().parents[2]
# They list codes and provoke none.
LISTS = {"codes_in_use.py", "test_error_pages.py", "test_provoked.py"}
# No test provokes these yet. Whoever writes one takes its code away there; nobody adds one.
NOT_PROVOKED = set(Path(__file__).with_name("not_provoked.txt").read_text("utf-8").split())


def in_tests() -> set[str]:
    """Every code that a test names."""
    words: set[str] = set()
    for path in TESTS.rglob("*.py"):
        if path.name not in LISTS:
            words |= set(re.findall(r"(?<![\w.])[A-Za-z]\w*(?:\.\w+)*(?![\w.])", path.read_text("utf-8")))
    return words


def test_every_code_is_provoked_or_stands_in_the_list() -> None:
    missing = set(load_pages()) - in_tests()
    assert missing - NOT_PROVOKED == set(), "provoke each by a test that compares the whole message"
    assert NOT_PROVOKED - missing == set(), "a test names it now, or it is no code any more: take it off the list"
