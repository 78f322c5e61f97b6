"""The order of what `flyo history` tells: rollouts by their numbers, everything else between them by its time."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.fleet.flyctl.flyctl import Release
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.history import HistoryEntry, history_of
from flyctl_orchestrator.rollout.state.metadata import ROLLOUT
from tests.unit.rollout.journal.kept_rollouts import MORNING, machine

HOUR = 3600.0


def numbered(number: int, hour: int) -> str:
    """Id of a rollout that began at an hour of the clock of its computer."""
    return f"{number:04d}-20261123-{hour:02d}0000-00000{number}"


def secrets_set(hour: float) -> Activity:
    return Activity(MORNING + (hour - 6) * HOUR, "ann@laptop", "secrets", "set", f"KEY_AT_{hour}")


def order(ids: list[str], *activities: Activity) -> list[str]:
    """What is told, newest first: ids of rollouts, and what activities were about."""
    machines = [machine(f"m{id}", None, wrote={ROLLOUT: id}) for id in ids]
    return [row.id or row.about for row in history_of([], machines, [], activities)]


def test_an_activity_is_told_with_who_did_what() -> None:
    assert history_of([], [], [], [secrets_set(9)]) == [
        HistoryEntry(MORNING + 3 * HOUR, "", "secrets", "ann@laptop", "", "set", "journal", about="KEY_AT_9")
    ]


def test_activities_stand_between_rollouts_by_their_time() -> None:
    first, second = numbered(1, 7), numbered(2, 9)
    assert order([first, second], secrets_set(6.5), secrets_set(8), secrets_set(10)) == [
        "KEY_AT_10", second, "KEY_AT_8", first, "KEY_AT_6.5",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_rollout_begun_while_a_clock_was_fast_stands_before_the_one_that_came_after_it(
    given: tuple[int, ...],
) -> None:
    ids = [numbered(3, 8), numbered(4, 15), numbered(5, 10)]
    assert order([ids[each] for each in given], secrets_set(12), secrets_set(9)) == [
        "KEY_AT_12", ids[2], ids[1], "KEY_AT_9", ids[0],
    ]  # fmt: skip


def test_a_slow_clock_moves_every_rollout_before_it() -> None:
    ids = [numbered(3, 9), numbered(4, 10), numbered(5, 7)]
    assert order(ids, secrets_set(8)) == ["KEY_AT_8", *reversed(ids)]


def test_ids_without_a_number_stand_by_their_time() -> None:
    old, numbered_one = "20261123-120000-abcdef", numbered(1, 7)
    assert order([old, numbered_one], secrets_set(9)) == [old, "KEY_AT_9", numbered_one]


@pytest.mark.parametrize("stamp", ["2026-11-23T07:00:00Z", "2026-11-23T07:00:00+00:00", "2026-11-23T09:00:00+02:00"])
def test_the_time_of_a_release_is_read_with_its_zone(stamp: str) -> None:
    (row,) = history_of([], [], [Release("rel1", 1, "complete", "image", stamp)])
    assert row.at == MORNING + HOUR
