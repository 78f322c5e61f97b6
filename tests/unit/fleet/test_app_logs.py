"""The newest lines of a machine, from a real child process that plays `flyctl logs`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.flyctl.app_logs import LONGEST, newest_lines
from flyctl_orchestrator.fleet.redact import MASK
from tests.unit.fleet.test_flyctl import TOKEN, player


def printing(tmp_path: Path, text: str, then: str = "") -> list[str]:
    """The last three lines when flyctl prints `text`."""
    code = f"sys.stdout.write({text!r}); sys.stdout.flush(); {then}"
    return newest_lines(player(tmp_path, code), "shop", "m1", 3, patience=2.0)


def entries(*messages: object) -> str:
    """As flyctl writes them: indented objects, one after the other."""
    return "\n".join(json.dumps({"level": "info", "message": message}, indent=4) for message in messages)


def test_the_last_lines_come_oldest_first(tmp_path: Path) -> None:
    assert printing(tmp_path, entries("one", "two\nthree", "", "four")) == ["two", "three", "four"]


def test_one_machine_of_one_app_is_asked_for(tmp_path: Path) -> None:
    code = "print(json.dumps({'message': ' '.join(args)}))"
    assert newest_lines(player(tmp_path, code), "shop", "m1", 3) == ["logs --app shop --machine m1 --no-tail --json"]


def test_a_flyctl_that_waits_for_more_is_not_waited_for(tmp_path: Path) -> None:
    assert printing(tmp_path, entries("one"), "import time; time.sleep(60)") == ["one"]


@pytest.mark.parametrize("text", ["", "Error: no such app", "[1, 2]", '{"message": 7}', "[" * 100_000, "null"])
def test_what_is_no_log_gives_no_lines(tmp_path: Path, text: str) -> None:
    assert printing(tmp_path, text) == []


def test_lines_before_one_that_cannot_be_read_are_kept(tmp_path: Path) -> None:
    assert printing(tmp_path, entries("one") + '{"mess') == ["one"]


def test_a_flyctl_that_fails_or_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert printing(tmp_path, entries("one"), "sys.exit(1)") == ["one"]
    missing = player(tmp_path, "")
    missing = type(missing)(("/nowhere/flyctl",), missing.env, missing.clock)
    assert newest_lines(missing, "shop", "m1", 3) == []


def test_no_line_is_endless_and_none_tells_a_password(tmp_path: Path) -> None:
    shown = printing(tmp_path, entries("x" * 2000, f"token {TOKEN}", "postgres://app:hunter22@db:5432/app refused"))
    assert shown == ["x" * LONGEST, f"token {MASK}", f"postgres://app:{MASK}@db:5432/app refused"]


def test_lines_of_the_version_before_are_left_out(tmp_path: Path) -> None:
    moments = ["2026-11-23T10:00:00Z", "2026-11-23T10:00:01.5Z", "2026-11-23T10:00:02.250Z", "soon", None]
    text = "\n".join(json.dumps({"message": str(moment), "timestamp": moment}) for moment in moments)
    code = f"sys.stdout.write({text!r})"
    assert newest_lines(player(tmp_path, code), "shop", "m1", 9, 1_795_428_001.5) == list(map(str, moments[1:]))
