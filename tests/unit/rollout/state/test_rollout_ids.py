"""Ids of rollouts: what came after what is told by their numbers, whatever the clocks said."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.rollout.journal.history import history_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.state.metadata import CREATED, ROLLOUT
from flyctl_orchestrator.rollout.state.rollout_ids import (
    ROLLOUT_ID,
    began_at,
    changed_by,
    in_order,
    maker,
    new_rollout_id,
    newest_of,
)
from tests.unit.fleet.fleet_doubles import ManualClock
from tests.unit.rollout.journal.kept_rollouts import machine

# Any moment of this century.
TIMES = st.floats(946_684_800, 4_102_444_799)
UNNUMBERED = "20261123-064812-9f3a1c"


def made(now: float, *seen: str) -> str:
    return new_rollout_id(ManualClock(now), random.Random(1), seen)


@given(st.lists(TIMES, min_size=1, max_size=12))
def test_each_one_comes_after_all_that_were_seen_whatever_the_clock_says(times: list[float]) -> None:
    ids: list[str] = []
    for now in times:
        ids.append(made(now, *ids))
    assert sorted(ids, key=in_order) == ids and newest_of(ids) == ids[-1]
    assert all(ROLLOUT_ID.fullmatch(each) for each in ids)


@given(TIMES)
def test_an_id_tells_its_time_to_the_second(now: float) -> None:
    assert 0 <= now - began_at(made(now)) < 1


def test_those_without_a_number_come_first_and_in_the_order_of_their_names() -> None:
    later = "20261124-064812-000000"
    assert sorted([made(0, later), later, UNNUMBERED, ""], key=in_order) == ["", UNNUMBERED, later, made(0, later)]


def test_numbers_do_not_end_at_four_digits() -> None:
    ten_thousandth = made(1e9, "9999-20261123-064812-9f3a1c")
    assert (
        in_order(ten_thousandth)[0] == 10_000 and newest_of(["9999-20261123-064812-9f3a1c", ten_thousandth])[0] == "1"
    )


def test_digits_that_are_no_time_are_no_time() -> None:
    assert began_at("0001-20261399-996199-9f3a1c") == 0.0 == began_at("")


def test_of_two_rollouts_on_a_machine_the_higher_number_changed_it_last() -> None:
    early, late = "0003-20261130-000000-aaaaaa", "0004-20261123-000000-bbbbbb"
    both = machine("a", wrote={ROLLOUT: early, CREATED: f"{late}/iad/app/new-1"})
    assert (changed_by(both), maker(both)) == (late, late)


def test_journals_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = [UNNUMBERED, "0009-20261201-000000-aaaaaa", "0010-20261123-000000-bbbbbb", "10000-20261122-000000-cccccc"]
    for name in reversed(names):
        (tmp_path / f"{name}.jsonl").touch()
    assert JournalStore(tmp_path, "shop").ids() == names


def test_history_puts_a_rollout_begun_with_a_fast_clock_where_it_belongs() -> None:
    days = {"0001": 23, "0002": 25, "0003": 24}
    fleet = [machine(number, wrote={ROLLOUT: f"{number}-202611{day}-000000-aaaaaa"}) for number, day in days.items()]
    rows = history_of([], fleet, [])
    assert [row.id[:4] for row in rows] == ["0003", "0002", "0001"]
    assert [datetime.fromtimestamp(row.at, UTC).day for row in rows] == [24, 25, 23]
