"""docs/reference/doctor.md shows exactly the keys that are written, and pages fit any terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.report.look.explain_text import list_lines, page_lines
from flyctl_orchestrator.report.look.findings import finding_lines, findings_as_dict

PAGES = load_pages()
DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "doctor.md"
FOUND = Finding(
    "warning",
    "fly.toml [http_service]",
    "min_machines_running = 1 counts in the primary region only",
    "Nothing, if that is meant; with autostop off machines stay awake everywhere",
    code="doctor.min_running_primary",
)


def test_the_reference_shows_what_is_written() -> None:
    shown = json.loads(DOCUMENT.read_text("utf-8").split("```json\n")[1].split("```")[0])
    assert shown == findings_as_dict("habit-tracker", ["computer", "files", "fleet", "flyctl"], [FOUND], PAGES)


def test_a_finding_says_how_bad_where_what_why_and_what_to_do() -> None:
    error = Finding("error", "", "it is broken", "Mend it", code="doctor.kill_timeout", change=(("a",), 1))
    lines = [str(line) for line in finding_lines(["files"], [error, FOUND, FOUND], PAGES, None)]
    assert lines[0] == "error it is broken [doctor.kill_timeout]"
    assert lines[1] == f"  why: {PAGES['doctor.kill_timeout'].why}"
    assert lines[2] == "  fix: Mend it"
    assert lines[3].startswith("warning fly.toml [http_service]: min_machines_running = 1 counts")
    assert lines[-1] == "looked at files: 1 error, 2 warnings"
    assert str(finding_lines(["files"], [], PAGES, None)[-1]) == "looked at files: nothing to say"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_pages_fit_the_terminal(width: int) -> None:
    texts = [str(line) for page in PAGES.values() for line in page_lines(page, width)]
    texts += [str(line) for line in list_lines(PAGES.values(), width)]
    texts += [str(line) for line in finding_lines(["files"], [FOUND], PAGES, width)]
    assert max(map(len, texts)) <= width
