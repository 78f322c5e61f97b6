"""What `make fidelity` reads and writes. None of this needs Go, flyctl or schemathesis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.parity.measured import preflight, record, schema_check


def test_results_are_those_of_whole_tests() -> None:
    events: list[dict[str, str]] = [
        {"Action": "run", "Test": "TestA"},
        {"Action": "pass", "Test": "TestA/part"},
        {"Action": "fail", "Test": "TestA"},
        {"Action": "output", "Output": "PASS"},
        {"Action": "skip", "Test": "TestB"},
        {"Action": "pass", "Test": "TestC"},
        {"Action": "pass", "Package": "preflight"},
    ]
    lines = [*map(json.dumps, events), "not JSON"]
    assert "".join(preflight.spoken(lines)) == "PASS"
    assert list(preflight.results(lines)) == [("TestA", "failed"), ("TestB", "skipped"), ("TestC", "passed")]


def test_what_is_measured_is_kept_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    assert record.load(path) == record.Measured() and record.render(record.Measured()) == ""
    made = record.Measured(
        "9.9.9",
        "process",
        {"TestA": "failed", "TestB": "passed", "TestC": "passed"},
        {"TestD": "a tunnel"},
        {"tool": "x 1", "requests": 5},
    )
    record.save(made, path)
    assert record.load(path) == made
    text = record.render(made)
    assert "flyctl 9.9.9, machines as processes" in text
    assert "| passed | 2 | `TestB`, `TestC` |" in text and "| failed | 1 | `TestA` |" in text
    assert "| not run: needs a tunnel | 1 | `TestD` |" in text
    assert "| requests | 5 |" in text


def entry(status: int, url: str = "http://127.0.0.1/v1/apps") -> dict[str, Any]:
    """One request in an archive."""
    return {"request": {"method": "GET", "url": url}, "response": {"status": status}}


def test_501_is_an_answer_and_every_other_server_error_a_defect() -> None:
    entries = [entry(200), entry(404), entry(501), entry(500, "http://127.0.0.1/v1/apps?a=1"), entry(500)]
    assert schema_check.counts(entries) == {"requests": 5, "2xx": 1, "4xx": 1, "501": 1, "other 5xx": 2}
    assert schema_check.broken(entries) == ["500 GET http://127.0.0.1/v1/apps"]
    assert schema_check.broken(entries[:3]) == []


@pytest.mark.parametrize(
    ("run", "arguments", "said"),
    [
        (preflight.main, ["/nowhere"], "is no checkout of flyctl"),
        (schema_check.main, ["/nowhere"], "is no file"),
        (schema_check.main, [__file__, "--schemathesis", ""], "pip install schemathesis"),
    ],
)
def test_what_is_missing_is_said(capsys: pytest.CaptureFixture[str], run: Any, arguments: list[str], said: str) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err
