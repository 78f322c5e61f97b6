"""Events that are kept beside a journal: which, how many, and what cannot be read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.cli.past.kept_events import (
    MOST_BYTES,
    MOST_IDLE,
    MOST_ROLLOUTS,
    KeptEvents,
    events_path,
    kept_rollouts,
    read_events,
)
from flyctl_orchestrator.cli.past.without_journal import without_journal
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.history_text import history_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.history import folded, history_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.state.rollout_ids import began_at

ROLLOUT = "0012-20261123-064812-9f3a1c"


@pytest.fixture
def journals(tmp_path: Path) -> JournalStore:
    return JournalStore.under(tmp_path / "state", "local", "shop")


def event(name: str, **fields: Any) -> Event:
    return Event(name, 1_800_000_000.0, "shop", fields)


def test_everything_is_kept_from_before_the_beginning_on_but_lines_of_others(journals: JournalStore) -> None:
    kept = KeptEvents(journals)
    told = [
        event("plan.ready", waves=[]),
        event("build.log", line="step 1"),
        event("rollout.started", rollout=ROLLOUT),
        event("flyctl.line", line="x"),
        event("hook.line", line="y"),
        event("rollout.finished", result="done"),
    ]
    for one in told:
        kept.hear(one)
    kept.close()
    kept.close()
    assert read_events(journals, ROLLOUT) == [told[0].as_dict(), told[2].as_dict(), told[5].as_dict()]
    assert events_path(journals, ROLLOUT).stat().st_mode & 0o777 == 0o600
    assert journals.ids() == [], "they are no journals"
    assert kept_rollouts(journals) == [ROLLOUT]


def did_nothing(journals: JournalStore, number: int, **said: object) -> str:
    """A command that has changed nothing; gives the rollout's id."""
    rollout = f"{number:04}-20261123-0648{number:02}-9f3a1c"
    kept = KeptEvents(journals)
    told = {"result": "nothing", "what": "3 as wanted", "exit": 0, "seconds": 1.5} | said
    for one in (event("plan.nothing_to_do"), event("rollout.finished", rollout=rollout, **told)):
        kept.hear(one)
    kept.close()
    return rollout


def test_the_newest_that_did_nothing_are_kept_and_take_no_place_of_others(journals: JournalStore) -> None:
    journals.directory.mkdir(parents=True)
    busy = did_nothing(journals, 1)
    journals.path(busy).write_text("{}\n")
    for number in range(2, MOST_IDLE + 5):
        rollout = did_nothing(journals, number)
    kept = kept_rollouts(journals)
    assert kept[0] == busy and len(kept) == 1 + MOST_IDLE
    assert [each["event"] for each in read_events(journals, rollout)] == ["plan.nothing_to_do", "rollout.finished"]


def test_what_did_nothing_in_a_row_is_one_line_and_a_failure_in_between_has_its_own(journals: JournalStore) -> None:
    broken: dict[str, object] = {"result": "untouched", "what": "the image could not be built", "exit": 1}
    for number, said in enumerate([{}, {}, broken, broken, {}, {}, {}, broken | {"what": "no builder"}], start=1):
        did_nothing(journals, number, **said)
    rows = folded(history_of([], [], [], (), without_journal(journals)))
    assert [(row.id[:4], row.outcome, row.times) for row in rows] == [
        ("0008", "untouched", 1),
        ("0007", "nothing", 3),
        ("0004", "untouched", 2),
        ("0002", "nothing", 2),
    ]
    shown = [str(line) for line in history_lines(rows, Style(), None)]
    assert "3 as wanted (3 times)" in shown[2] and "times" not in shown[1]


def test_what_was_done_in_between_parts_them(journals: JournalStore) -> None:
    first, _ = did_nothing(journals, 1), did_nothing(journals, 3)
    activity = Activity(began_at(first) + 1, "ann@desk", "secrets", "set", "API_TOKEN")
    rows = folded(history_of([], [], [], (activity,), without_journal(journals)))
    assert [(row.kind, row.times) for row in rows] == [("deploy", 1), ("secrets", 1), ("deploy", 1)]


def test_a_command_that_rolls_nothing_out_leaves_nothing(journals: JournalStore) -> None:
    kept = KeptEvents(journals)
    kept.hear(event("plan.nothing_to_do"))
    kept.close()
    assert not journals.directory.exists()


def test_a_rollout_that_is_resumed_goes_on_in_the_same_file(journals: JournalStore) -> None:
    for what in ("killed", "resumed"):
        kept = KeptEvents(journals)
        kept.hear(event("rollout.started", rollout=ROLLOUT, what=what))
        kept.close()
    assert [one["what"] for one in read_events(journals, ROLLOUT)] == ["killed", "resumed"]


def test_the_oldest_give_way_and_one_rollout_has_its_bounds(journals: JournalStore) -> None:
    for number in range(MOST_ROLLOUTS + 3):
        kept = KeptEvents(journals)
        kept.hear(event("rollout.started", rollout=f"{number:04}-x"))
        kept.close()
        journals.path(f"{number:04}-x").write_text("{}\n")
    names = sorted(path.name.partition(".")[0] for path in journals.directory.glob("*.events.ndjson"))
    assert names == [f"{number:04}-x" for number in range(3, MOST_ROLLOUTS + 3)]
    large = KeptEvents(journals)
    large.hear(event("rollout.started", rollout="9999-x"))
    for _ in range(12):
        large.hear(event("note", line="x" * (MOST_BYTES // 10)))
    large.hear(event("rollout.finished", result="done"))
    large.close()
    assert events_path(journals, "9999-x").stat().st_size <= MOST_BYTES + 1000
    assert read_events(journals, "9999-x")[-1]["event"] == "rollout.finished"


def test_where_nothing_can_be_written_the_rollout_does_not_notice(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    kept = KeptEvents(JournalStore.under(tmp_path / "state", "local", "shop"))
    kept.hear(event("rollout.started", rollout=ROLLOUT))
    kept.hear(event("rollout.finished", result="done"))
    kept.close()
    assert (tmp_path / "state").read_text() == "a file"


def test_a_line_that_was_cut_off_is_left_out_and_a_damaged_one_is_said(journals: JournalStore) -> None:
    with pytest.raises(FlyoError) as missing:
        read_events(journals, ROLLOUT)
    assert missing.value.code == "history.no_events"
    path = events_path(journals, ROLLOUT)
    path.parent.mkdir(parents=True)
    good = json.dumps(event("note", line="a").as_dict())
    path.write_text(f"{good}\n{good[:20]}")
    assert len(read_events(journals, ROLLOUT)) == 1
    for bad in (f"{good[:20]}\n{good}\n", "[]\n", '{"event": 1, "ts": ""}\n', '{"event": "note"}\n'):
        path.write_text(bad)
        with pytest.raises(FlyoError) as damaged:
            read_events(journals, ROLLOUT)
        assert damaged.value.code == "history.bad_events"


def test_what_had_nothing_to_do_has_its_line_in_the_history(journals: JournalStore) -> None:
    kept = KeptEvents(journals)
    kept.hear(event("plan.nothing_to_do", kind="scale"))
    kept.hear(event("rollout.finished", rollout=ROLLOUT, result="nothing", what="3 as wanted", exit=0, seconds=1.5))
    kept.close()
    (row,) = history_of([], [], [], (), without_journal(journals))
    assert (row.id, row.kind, row.outcome, row.exit, row.seconds) == (ROLLOUT, "scale", "nothing", 0, 1.5)
    assert (row.about, row.as_dict()["at"]) == ("3 as wanted", "2026-11-23T06:48:12Z")
    # One that has a journal is told by that.
    journals.path(ROLLOUT).write_text("")
    assert without_journal(journals) == [row]
    journals.path(ROLLOUT).write_text("{}\n")
    assert without_journal(journals) == []


@pytest.mark.parametrize(
    "text", ["", "no JSON\n", '{"event": "rollout.finished", "ts": "x"}\n', '{"event": "x", "ts": ""}\n']
)
def test_events_that_tell_no_end_are_no_line_in_the_history(journals: JournalStore, text: str) -> None:
    journals.directory.mkdir(parents=True)
    events_path(journals, ROLLOUT).write_text(text)
    assert without_journal(journals) == []
