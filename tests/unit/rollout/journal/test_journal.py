"""The journal: on disk before anything goes on, readable after a crash, private."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.journal.journal import Journal, read_journal
from tests.unit.rollout.rollout_world import World
from tests.waiting import eventually


def test_every_line_is_synced_before_the_call_returns(world: World, tmp_path: Path) -> None:
    path, synced = tmp_path / "a" / "b.jsonl", []
    journal = Journal(path, world.clock, sync=lambda descriptor: synced.append(path.read_text().count("\n")))
    journal.write("begin", rollout="r1")
    journal.write("step.begin", lane="iad/app/m1")
    assert synced == [1, 2]
    assert [entry["entry"] for entry in read_journal(path)] == ["begin", "step.begin"]


def test_lines_written_while_the_disk_is_busy_share_the_next_sync(world: World, tmp_path: Path) -> None:
    path, synced, first = tmp_path / "b.jsonl", [], threading.Event()

    def sync(descriptor: int) -> None:
        synced.append(path.read_text().count("\n"))
        if len(synced) == 1:
            first.set()
            eventually(lambda: path.read_text().count("\n") == 6)

    journal = Journal(path, world.clock, sync=sync)
    with ThreadPoolExecutor(6) as pool:
        slow = pool.submit(journal.write, "begin")
        assert first.wait(10)
        others = [pool.submit(journal.write, "step.begin", number=number) for number in range(5)]
        for each in (slow, *others):
            each.result(10)
    assert synced == [1, 6]


def test_only_its_owner_can_read_it(world: World, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "private" / "b.jsonl", world.clock)
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_a_line_cut_off_by_a_crash_is_left_out(world: World, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    Journal(path, world.clock).write("begin", rollout="r1")
    with path.open("a") as file:
        file.write('{"entry":"step.be')
    assert [entry["entry"] for entry in read_journal(path)] == ["begin"]


def test_a_directory_that_cannot_be_written_is_said_before_anything_happens(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FlyoError) as raised:
        Journal(tmp_path / "file" / "b.jsonl", world.clock)
    assert raised.value.code == "journal.unwritable" and "FLYO_STATE_DIR" in str(raised.value)


def test_a_rollout_writes_before_and_after_every_step(world: World, tmp_path: Path) -> None:
    world.deploy(world.desired(world.push("one")))
    entries = list(read_journal(next(tmp_path.glob("*.jsonl"))))
    begun = [(entry["lane"], entry["step"]) for entry in entries if entry["entry"] == "step.begin"]
    ended = [(entry["lane"], entry["step"]) for entry in entries if entry["entry"] == "step.end"]
    assert sorted(begun) == sorted(ended) and len(begun) == 6
    assert (entries[0]["entry"], entries[-1]["entry"], entries[-1]["outcome"]) == ("begin", "end", "done")
