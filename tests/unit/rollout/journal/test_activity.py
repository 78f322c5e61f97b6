from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.rollout.journal.activity import FILE, Activity, ActivityLog
from flyctl_orchestrator.rollout.journal.journals import JournalStore

SET = Activity(1.0, "ann@laptop", "secrets", "set", "DATABASE_URL, KEY")
TAKEN = Activity(2.0, "ann@laptop", "lock", "taken", "moving the database")


def test_what_was_done_is_read_back_in_order(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "not" / "there" / "yet")
    assert log.all() == []
    assert (log.add(SET), log.add(TAKEN)) == ("", "")
    assert log.all() == [SET, TAKEN]
    assert (log.directory / FILE).stat().st_mode & 0o077 == 0


def test_lines_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path)
    log.add(SET)
    with (tmp_path / FILE).open("a") as file:
        file.write('not json\n{"at": 1}\n[]\n{"at": 2.0, "who"')
    assert log.all() == [SET]


def test_that_it_cannot_be_written_is_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = ActivityLog(tmp_path / "file")
    assert log.add(SET) != ""
    assert log.all() == []


def test_it_is_no_journal(tmp_path: Path) -> None:
    store = JournalStore(tmp_path, "shop")
    store.activities.add(SET)
    assert store.all() == [] and store.activities.all() == [SET]
