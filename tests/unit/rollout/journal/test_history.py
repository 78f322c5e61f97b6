"""What `flyo history` tells: journals, other computers' rollouts, flyctl's releases; each change once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.flyctl.flyctl import Release
from flyctl_orchestrator.rollout.journal.history import HistoryEntry, history_of
from flyctl_orchestrator.rollout.state.metadata import CREATED, ROLLOUT
from tests.unit.rollout.journal.kept_rollouts import MORNING, Kept, machine, rollout_id

HOUR = 3600.0
NEW = "registry.fly.io/shop:new"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "rollouts")


def release(version: int, created_at: str, **more: Any) -> Release:
    return Release(f"rel{version}", version, "complete", f"registry.fly.io/shop:{version}", created_at, **more)


def test_of_an_app_without_a_past_there_is_no_history() -> None:
    assert history_of([], [], []) == []


def test_a_rollout_of_this_computer_with_all_that_is_known_of_it(kept: Kept) -> None:
    kept.whole(1, [machine("a")], waves=3)
    assert history_of(kept.past(), [], []) == [
        HistoryEntry(
            at=MORNING + HOUR,
            id=rollout_id(1),
            kind="deploy",
            who="ann@laptop",
            image=NEW,
            outcome="done",
            source="journal",
            release=None,
            waves=3,
            exit=0,
            seconds=90.0,
            what="it ended done",
            about=NEW,
        )
    ]


def test_a_rollback_names_the_images_it_led_to(kept: Kept) -> None:
    led_to = [machine("b", image="two"), machine("a", image="one"), machine("c", image="one")]
    kept.whole(1, [machine("a")], target=led_to)
    (row,) = history_of(kept.past(), [], [])
    assert (row.kind, row.image, row.waves) == (
        "rollback",
        "registry.fly.io/shop:one, registry.fly.io/shop:two",
        1,
    )


def test_a_killed_rollout_is_unfinished_and_one_under_way_is_running(kept: Kept) -> None:
    kept.begin(1, [machine("a")])
    (row,) = history_of(kept.past(), [], [])
    assert (row.outcome, row.seconds, row.exit) == ("unfinished", None, None)
    writing = kept.store.open(rollout_id(1), kept.clock)
    (row,) = history_of(kept.past(), [], [])
    assert (row.outcome, row.seconds, row.exit) == ("running", None, None)
    writing.close()


def test_the_newest_is_first_whatever_it_comes_from(kept: Kept) -> None:
    for number in (1, 3):
        kept.whole(number, [machine("a")])
    of_another = machine("b", 7, wrote={ROLLOUT: rollout_id(2)})
    plain = release(9, "2026-11-23T11:00:00Z")
    rows = history_of(kept.past(), [of_another], [plain])
    assert [row.id for row in rows] == ["v9", rollout_id(3), rollout_id(2), rollout_id(1)]
    assert [row.source for row in rows] == ["releases", "journal", "machines", "journal"]


def test_at_the_same_moment_the_higher_id_is_first() -> None:
    rows = history_of([], [], [release(2, "2026-11-23T11:00:00Z"), release(3, "2026-11-23T11:00:00Z")])
    assert [row.id for row in rows] == ["v3", "v2"]


# --- what the machines tell


def test_a_rollout_of_another_computer_is_told_by_the_machines_once() -> None:
    other = rollout_id(2)
    machines = [machine(name, 7, image="two", wrote={ROLLOUT: other}) for name in ("a", "b")]
    assert history_of([], machines, []) == [
        HistoryEntry(
            at=MORNING + 2 * HOUR,
            id=other,
            # Whether it was a deploy, a scale or a rollback, the machines do not tell.
            kind="rollout",
            who="",
            image="registry.fly.io/shop:two",
            outcome="unknown",
            source="machines",
            release=7,
            about="registry.fly.io/shop:two",
        )
    ]


def test_the_time_in_an_id_is_utc_wherever_the_computer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        (row,) = history_of([], [machine("a", wrote={ROLLOUT: rollout_id(0)})], [])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert row.at == MORNING


def test_what_a_rollout_created_tells_of_it_too() -> None:
    (row,) = history_of([], [machine("a", wrote={CREATED: f"{rollout_id(4)}/iad/app/new-1"})], [])
    assert (row.id, row.source) == (rollout_id(4), "machines")


def test_machines_tell_nothing_of_rollouts_that_this_computer_knows_nor_of_other_tools(kept: Kept) -> None:
    kept.whole(1, [machine("a")])
    machines = [machine("a", wrote={ROLLOUT: rollout_id(1)}), machine("b"), machine("c", wrote={ROLLOUT: "by hand"})]
    assert [row.source for row in history_of(kept.past(), machines, [])] == ["journal"]


# --- flyctl's releases


def test_a_release_by_flyctl_alone_is_a_row_of_its_own() -> None:
    assert history_of([], [], [release(5, "2026-11-23T06:00:00Z", user="ann@example.com")]) == [
        HistoryEntry(
            at=MORNING,
            id="v5",
            kind="release",
            who="ann@example.com",
            image="registry.fly.io/shop:5",
            outcome="complete",
            source="releases",
            release=5,
            about="registry.fly.io/shop:5",
        )
    ]


@pytest.mark.parametrize(
    ("created_at", "mine"),
    [
        ("2026-11-23T06:59:58.900Z", False),
        ("2026-11-23T06:59:59Z", True),  # clocks differ a little
        ("2026-11-23T07:00:30Z", True),
        ("2026-11-23T07:01:31Z", True),
        ("2026-11-23T07:01:31.100Z", False),
    ],
)
def test_a_release_made_during_a_deploy_is_the_deploys_own(kept: Kept, created_at: str, mine: bool) -> None:
    kept.whole(1, [machine("a")])
    rows = history_of(kept.past(), [], [release(5, created_at)])
    assert [(row.source, row.release) for row in rows if row.source == "journal"] == [("journal", 5 if mine else None)]
    assert len(rows) == (1 if mine else 2)


def test_a_release_that_came_with_a_rollback_is_not_told_twice_and_gives_it_no_number(kept: Kept) -> None:
    kept.whole(1, [machine("a")], target=[])
    (row,) = history_of(kept.past(), [], [release(5, "2026-11-23T07:00:30Z")])
    assert (row.kind, row.release) == ("rollback", None)


def test_a_release_at_the_beginning_of_a_rollout_that_was_killed_is_its_own(kept: Kept) -> None:
    kept.begin(1, [machine("a")])
    (row,) = history_of(kept.past(), [], [release(5, "2026-11-23T07:00:01Z")])
    assert (row.outcome, row.release) == ("unfinished", 5)
    assert len(history_of(kept.past(), [], [release(5, "2026-11-23T07:00:01.500Z")])) == 2


def test_a_release_that_a_killed_rollout_made_later_is_told_by_its_image(kept: Kept) -> None:
    """flyctl may make the release minutes after the beginning, and goes on when flyo is killed."""
    kept.begin(1, [machine("a")])
    mine = Release("rel5", 5, "complete", f"{NEW}@sha256:1", "2026-11-23T07:04:00Z")
    (row,) = history_of(kept.past(), [], [mine])
    assert (row.id, row.release, row.outcome) == (rollout_id(1), 5, "unfinished")
    kept.whole(2, [machine("a")])
    late = Release("rel6", 6, "complete", NEW, "2026-11-23T09:00:00Z")
    assert [row.id for row in history_of(kept.past(), [], [mine, late])] == ["v6", rollout_id(2), rollout_id(1)]


def test_each_release_finds_its_own_deploy(kept: Kept) -> None:
    for number in (1, 2):
        kept.whole(number, [machine("a")])
    releases = [release(6, "2026-11-23T08:00:10Z"), release(5, "2026-11-23T07:00:10Z")]
    rows = history_of(kept.past(), [], releases)
    assert [(row.id, row.release, row.waves) for row in rows] == [(rollout_id(2), 6, 1), (rollout_id(1), 5, 1)]


def test_a_release_that_another_computers_machines_tell_of_is_not_told_twice() -> None:
    of_another = machine("a", 7, wrote={ROLLOUT: rollout_id(2)})
    at_that_time, later = release(7, "2026-11-23T08:00:00Z"), release(8, "2026-11-23T08:00:00Z")
    assert [row.id for row in history_of([], [of_another], [at_that_time])] == [rollout_id(2)]
    # Made in the same second, but by nobody that is known.
    assert {row.id for row in history_of([], [of_another], [later])} == {rollout_id(2), "v8"}


def test_a_release_that_was_overtaken_does_not_run_any_more() -> None:
    begun = [
        Release(f"rel{version}", version, status, "x", f"2026-11-23T1{version}:00:00Z")
        for version, status in ((1, "running"), (2, "pending"), (3, "failed"), (4, "running"))
    ]
    rows = history_of([], [], begun)
    assert [row.outcome for row in rows] == ["running", "failed", "unfinished", "unfinished"]


def test_a_release_without_a_readable_time_is_the_oldest(kept: Kept) -> None:
    kept.whole(1, [machine("a")])
    rows = history_of(kept.past(), [], [release(5, "yesterday")])
    assert [(row.id, row.at) for row in rows] == [(rollout_id(1), MORNING + HOUR), ("v5", 0.0)]


def test_a_row_as_plain_values() -> None:
    (row,) = history_of([], [], [release(5, "2026-11-23T07:30:00+01:30")])
    assert row.as_dict() == {
        "at": "2026-11-23T06:00:00Z",
        "id": "v5",
        "kind": "release",
        "who": "",
        "image": "registry.fly.io/shop:5",
        "outcome": "complete",
        "source": "releases",
        "release": 5,
        "waves": None,
        "exit": None,
        "seconds": None,
        "what": "",
        "about": "registry.fly.io/shop:5",
        "not_taken_back": "",
        "times": 1,
    }
    timed = HistoryEntry(MORNING + 0.4, "x", "deploy", "", "", "done", "journal", seconds=1.23456)
    assert (timed.as_dict()["seconds"], timed.as_dict()["at"]) == (1.235, "2026-11-23T06:00:00Z")


def test_a_rollout_of_a_fast_clock_stands_at_the_platforms_time_with_its_release(kept: Kept) -> None:
    kept.whole(1, [machine("a")], began=MORNING - 40 * HOUR)
    made = release(3, "2026-11-21T14:00:10Z")
    (row,) = history_of(kept.past(), [], [made])
    assert (row.at, row.release, row.seconds) == (MORNING - 40 * HOUR, 3, 90.0)
