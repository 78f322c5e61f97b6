"""A journal from which nothing can be learnt is named by each command that decides by journals, and not waited for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.local_fleet import APP, LocalFleet


@pytest.fixture
def pipe(fleet: LocalFleet) -> Iterator[Path]:
    """A named pipe in place of the app's newest journal."""
    path = fleet.root / "state" / "rollouts" / "local" / APP / "9999-20991231-000000-abcdef.jsonl"
    os.mkfifo(path)
    yield path
    path.unlink()


@pytest.mark.parametrize("command", ["deploy", "deploy --resume", "deploy --abort", "rollback --yes"])
def test_a_command_that_changes_machines_stops(fleet: LocalFleet, pipe: Path, command: str) -> None:
    before = fleet.machines()
    ran = fleet.flyo(*command.split(), "--local")
    assert (ran.status, ran.last_line) == (
        1,
        f"flyo: {pipe}: this journal of a rollout cannot be read (it is no ordinary file). "
        "Make it readable, or move it away: the machines' own metadata tells the rest [journal.bad]",
    )
    assert fleet.machines() == before


def test_the_history_shows_the_others(fleet: LocalFleet, pipe: Path) -> None:
    ran = fleet.ok("history", "--local")
    assert f"warning: {pipe}: this journal of a rollout cannot be read" in ran.stderr
    assert " done " in ran.stdout


def test_a_finished_rollout_of_another_version_stops_no_deploy(fleet: LocalFleet) -> None:
    directory = fleet.root / "state" / "rollouts" / "local" / APP
    journals = {path: path.read_text() for path in directory.glob("*.jsonl")}
    assert journals
    for path, text in journals.items():
        begin, *rest = text.splitlines()
        entry = json.loads(begin)
        for wave in entry["plan"]["waves"]:
            wave["glow"] = True
            wave["lanes"][0]["steps"][0]["kind"] = "polish"
        path.write_text("".join(f"{line}\n" for line in (json.dumps(entry), *rest)))
    try:
        assert "nothing to do" in fleet.ok("plan", "--local").stdout.lower()
    finally:
        for path, text in journals.items():
            path.write_text(text)
