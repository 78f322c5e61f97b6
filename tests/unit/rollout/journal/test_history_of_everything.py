"""The history of an app on which all kinds of things were done."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flyctl_orchestrator.fleet.flyctl.flyctl import Release
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.history import HistoryEntry, history_of
from tests.unit.rollout.recovery.killed_world import KilledWorld


def history(killed: KilledWorld, *releases: Release) -> list[HistoryEntry]:
    journals = killed.work().journals
    return history_of(journals.all(), killed.world.machines(), releases, journals.activities.all())


def release(version: int, at: float) -> Release:
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    return Release(
        id=f"rel{version}",
        version=version,
        status="complete",
        user="ann@example.com",
        image="shop:one",
        created_at=stamp,
    )


def test_everything_done_from_here_newest_first(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    image = killed.world.push("one")
    killed.deploy(image)
    killed.world.pass_time(60)
    log = killed.work().journals.activities
    log.add(Activity(killed.world.clock.now(), "ann@laptop", "secrets", "set", "KEY"))
    killed.world.pass_time(60)
    killed.scale(nrt=2, fra=0)
    killed.world.pass_time(60)
    log.add(Activity(killed.world.clock.now(), "bob@desk", "lock", "taken", "moving house"))
    told = [(row.kind, row.outcome, row.about, row.who) for row in history(killed)]
    assert told == [
        ("lock", "taken", "moving house", "bob@desk"),
        ("scale", "done", "nrt 1 → 2, fra 1 → 0", "ann@laptop"),
        ("secrets", "set", "KEY", "ann@laptop"),
        ("deploy", "done", image.ref, "ann@laptop"),
    ]


def test_a_scale_that_was_killed_is_unfinished(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    killed.deploy(killed.world.push("one"))
    assert killed.killed(5, partial(killed.scale, nrt=3))
    (row, _) = history(killed)
    assert (row.kind, row.outcome, row.exit, row.seconds) == ("scale", "unfinished", None, None)


def test_a_release_that_a_rollout_from_here_has_made_is_not_told_twice(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    killed.deploy(killed.world.push("one"))
    at = killed.world.clock.now() - 1
    killed.world.pass_time(3600)
    rows = history(killed, release(1, at), release(2, killed.world.clock.now()))
    assert [(row.kind, row.release) for row in rows] == [("release", 2), ("deploy", 1)]


def test_of_another_computers_rollout_it_is_not_claimed_what_it_was(tmp_path: Path) -> None:
    here, there = KilledWorld(tmp_path / "here"), KilledWorld(tmp_path / "there")
    there.deploy(there.world.push("one"))
    machines: list[Machine] = there.world.machines()
    (row,) = history_of(here.work().journals.all(), machines, [])
    assert (row.kind, row.source, row.outcome, row.release) == ("rollout", "machines", "unknown", 1)
    assert row.as_dict()["at"].endswith("Z")
