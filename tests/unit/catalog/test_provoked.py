"""Every code of docs/reference/errors.md is provoked by a test that compares the whole line that a person sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from tests.functional.printed.test_other_servers import PROXY
from tests.unit.catalog.whole_lines import LINE, whole_lines

TESTS = Path(__file__).resolve().parents[2]
# What `flyo doctor` finds: test_every_finding.py provokes each of these lines.
FINDINGS = TESTS / "unit" / "doctor" / "findings.txt"


def told() -> set[str]:
    """Every code of a whole line that some test compares."""
    lines = {code for path in TESTS.rglob("test_*.py") for code in whole_lines(path)}
    found = {match["code"] for line in FINDINGS.read_text("utf-8").splitlines() if (match := LINE.match(line))}
    return lines | found | set(PROXY)


def test_every_code_is_provoked() -> None:
    assert set(load_pages()) - told() == set(), "provoke each by a test that compares the whole line: printed/"


@pytest.mark.parametrize(
    ("test", "codes"),
    [
        ('assert ran.line == "flyo: fly.toml: names no app. Add app [a.b]"', {"a.b"}),
        ('line = f"flyo: {where}: it is gone. {NEXT} [a.b]"', {"a.b"}),
        ('line = "flyo: app shop: it is " + word + " [a.b]"', {"a.b"}),
        ('line = "first line of it\\nflyo: it is gone [a.b]\\n"', {"a.b"}),
        ('assert "flyo: it is gone [a.b]" in ran.err', set()),
        ('assert ran.line.endswith("flyo: it is gone [a.b]")', set()),
        ('assert ran.code == "a.b" and ran.line.endswith("[a.b]")', set()),
        ('line = "flyo: gone [a.b]"', set()),
        ('line = "flyo: it is gone [a.b] and more"', set()),
    ],
)
def test_what_counts_as_a_whole_line(tmp_path: Path, test: str, codes: set[str]) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(test)
    assert set(whole_lines(path)) == codes
