"""Streams that are closed, full or not read: a command ends with the status of what happened to the fleet."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.flyo_process import FLYO, PATIENCE
from tests.functional.cli.local_fleet import LocalFleet

# Nothing in here may be waited for, and nothing may be lost but what is printed.
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")
FULL = (">/dev/full", "2>/dev/full")
CUT = ("2>&1 | head -2", "| true")


def shell(fleet: LocalFleet, arguments: str, streams: str) -> tuple[int, str]:
    """The status of flyo itself, and what came out."""
    command, _, reader = streams.partition("|")
    pipe = f"| {reader}" if reader else ""
    script = f"{{ '{FLYO}' {arguments} {command}; echo $? >&9; }} {pipe}"
    status = fleet.root / "status"
    with status.open("w") as file:
        ran = subprocess.run(
            ["bash", "-c", f"exec 9>&{file.fileno()}; {script}"],
            cwd=fleet.project,
            env=fleet.variables,
            pass_fds=[file.fileno()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said and "[defect]" not in said and "Exception ignored" not in said
    return int(status.read_text()), said


def change(fleet: LocalFleet) -> None:
    """Give the next deploy something to do."""
    server = fleet.project / "server.py"
    server.write_text(f"{server.read_text()}#\n")


def newest_journal(fleet: LocalFleet) -> list[str]:
    """The entries of the last rollout's journal."""
    paths = Path(fleet.variables["FLYO_STATE_DIR"]).glob("rollouts/local/*/*.jsonl")
    return [json.loads(line)["entry"] for line in max(paths).read_text().splitlines()]


@pytest.mark.parametrize("streams", [*CLOSED, *FULL, *CUT])
def test_a_deploy_that_succeeds_says_so_with_its_status(fleet: LocalFleet, streams: str) -> None:
    change(fleet)
    before = {machine["instance_id"] for machine in fleet.machines()}
    assert shell(fleet, "deploy --local", streams)[0] == 0
    assert not before & {machine["instance_id"] for machine in fleet.machines()}
    entries = newest_journal(fleet)
    assert (entries[0], entries[-1], entries.count("step.begin")) == ("begin", "end", entries.count("step.end"))


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full", "2>&1 | head -1"])
def test_a_deploy_that_goes_back_says_so_with_its_status(fleet: LocalFleet, streams: str) -> None:
    change(fleet)
    (fleet.switches / "sick-fra").touch()
    images = [machine["image_ref"]["digest"] for machine in fleet.machines()]
    assert shell(fleet, "deploy --local --json", streams)[0] == 3
    assert [machine["image_ref"]["digest"] for machine in fleet.machines()] == images
    assert newest_journal(fleet)[-1] == "end"


@pytest.mark.parametrize(
    ("arguments", "streams", "status", "said"),
    [
        ("status --local", ">/dev/full", 1, "[output.lost]"),
        ("status --local --json", ">/dev/full", 1, "the output could not be written (No space left on device)"),
        ("status --local --json", "| head -1", 0, "{"),
        ("status --local --plain --watch 1", "| head -1", 0, "fleet-test"),
        ("local logs --follow", "| head -1", 0, "fleet-test"),
        ("status --local", ">&-", 0, ""),
        ("history --local", "<&- >&- 2>&-", 0, ""),
        ("local status", "2>&-", 0, "fleet-test"),
        ("--help", "| head -1", 0, "Usage: flyo"),
        ("--version", ">/dev/full", 0, "warning: stdout could not be written"),
        ("nonsense", "2>/dev/full", 2, ""),
        ("nonsense --json", ">/dev/full", 2, "No such command"),
        ("secrets set KEY=- --local", "<&-", 2, "the value is empty"),
        ("deploy --local", "--nonsense 2>&-", 2, ""),
    ],
)
def test_a_command_that_shows_something_fails_only_when_that_is_lost(
    fleet: LocalFleet, arguments: str, streams: str, status: int, said: str
) -> None:
    ended, shown = shell(fleet, arguments, streams)
    assert (ended, said in shown) == (status, True), shown


def test_the_finer_answer_of_a_plan_outlives_its_reader(fleet: LocalFleet) -> None:
    change(fleet)
    assert shell(fleet, "plan --local --detailed-exit-code", "| true")[0] == 7
