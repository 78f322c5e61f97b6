"""Every code of docs/reference/errors.md is provoked by a test that names it."""

from __future__ import annotations

import re
from pathlib import Path

from flyctl_orchestrator.catalog.error_pages import load_pages

TESTS = Path(__file__).resolve().parents[2]
# They list codes and provoke none.
LISTS = {"codes_in_use.py", "test_error_pages.py", "test_provoked.py"}


def in_tests() -> set[str]:
    """Every code that a test names."""
    words: set[str] = set()
    for path in TESTS.rglob("*.py"):
        if path.name not in LISTS:
            words |= set(re.findall(r"(?<![\w.])[A-Za-z]\w*(?:\.\w+)*(?![\w.])", path.read_text("utf-8")))
    return words


def test_every_code_is_provoked() -> None:
    assert set(load_pages()) - in_tests() == set(), "provoke each by a test that compares the whole message"
