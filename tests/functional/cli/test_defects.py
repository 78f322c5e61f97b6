"""Mistakes of flyo itself: one line, a status that is true of the fleet, and a trace for who asks for it.

They are made by an environment that fails in a way no code is made for, in a process that does not hide it.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from tests.functional.cli.local_fleet import APP, LocalFleet


class Brittle(io.StringIO):
    """A stream that breaks when it is asked for too much."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._at in text:
            raise ZeroDivisionError
        return written


class Unasked(io.StringIO):
    """A stream that does not know whether it is a terminal."""

    def isatty(self) -> bool:
        raise ZeroDivisionError


@pytest.mark.parametrize("as_json", [False, True])
def test_before_anything_is_changed_it_ends_with_1(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "Dockerfile").touch()
    stdout, stderr = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": ""}, tmp_path, stdin=Unasked(), stdout=stdout, stderr=stderr)
    assert run(["init", *(["--json"] if as_json else [])], environment) == 1
    assert stderr.getvalue() == (
        "flyo: a defect in flyo (ZeroDivisionError); no machine was changed. "
        "Run it again; FLYO_TRACEBACK=1 shows where the defect is, for a bug report [defect]\n"
    )
    assert not as_json or json.loads(stdout.getvalue())["exit"] == 1


def test_a_trace_is_shown_to_who_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    stderr = io.StringIO()
    variables = {"PATH": "", "FLYO_TRACEBACK": "1"}
    environment = Environment(variables, tmp_path, stdin=Unasked(), stdout=io.StringIO(), stderr=stderr)
    assert run(["init"], environment) == 1
    first, *_, last = stderr.getvalue().splitlines()
    assert (first, "[defect]" in last) == ("Traceback (most recent call last):", True)


def test_in_the_middle_of_a_rollout_it_asks_for_a_person_and_can_be_undone(fleet: LocalFleet) -> None:
    server = fleet.project / "server.py"
    server.write_text(f"{server.read_text()}# another release\n")
    before = [machine["image_ref"]["digest"] for machine in fleet.machines()]
    stderr = Brittle("canary passed")
    environment = Environment(fleet.variables, fleet.project, stdin=io.StringIO(), stdout=io.StringIO(), stderr=stderr)
    assert run(["deploy", "--local"], environment) == 5
    last = stderr.getvalue().splitlines()[-1]
    assert last.startswith("flyo: a defect in flyo stopped the rollout half-way (ZeroDivisionError). ")
    assert "flyo deploy --local --resume" in last and "[defect]" in last
    refused = fleet.flyo("deploy", "--local")
    assert (refused.status, "[rollout.unfinished]" in refused.stderr) == (5, True)
    fleet.ok("deploy", "--local", "--abort")
    assert [machine["image_ref"]["digest"] for machine in fleet.machines()] == before
    assert APP in fleet.ok("status", "--local", "--detailed-exit-code").stdout
