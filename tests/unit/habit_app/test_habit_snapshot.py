"""Snapshots survive being written and read, and what is none is refused."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habit_app.known.snapshot import VERSION, BadSnapshot, HabitState, Snapshot, decode
from habit_app.schedule import Schedule, on_weekdays, times_a_week
from habit_app.streaks import Settled

numbers = st.integers(0, 10**6)
schedules = st.one_of(
    st.just(Schedule()),
    st.sets(st.integers(0, 6), min_size=1, max_size=6).map(lambda days: on_weekdays(list(days))),
    st.integers(1, 7).map(times_a_week),
)
habits = st.builds(
    HabitState,
    id=st.text(max_size=16),
    name=st.text(st.characters(codec="utf-8"), max_size=80),
    schedule=schedules,
    settled=st.builds(Settled, numbers, numbers, numbers, numbers),
    first=numbers,
    days=st.integers(0, 2**400),
    skipped=st.lists(numbers, max_size=9).map(tuple),
)
snapshots = st.builds(
    Snapshot,
    id=st.text(st.characters(codec="utf-8"), max_size=16),
    zone=st.just("Asia/Tokyo"),
    day_start=st.integers(0, 6),
    epoch=numbers,
    rev=numbers,
    habits=st.lists(habits, max_size=8).map(tuple),
)


@given(snapshots)
def test_what_was_written_is_read(snapshot: Snapshot) -> None:
    assert decode(snapshot.encode()) == snapshot


@given(snapshots)
def test_the_release_before_reads_the_first_piece_and_never_looks_behind_it(snapshot: Snapshot) -> None:
    version, *fields, rows = json.loads(zlib.decompress(snapshot.encode()))
    assert (version, fields) == (1, [snapshot.id, snapshot.zone, snapshot.day_start, snapshot.epoch, snapshot.rev])
    assert [len(row) for row in rows] == [6] * len(snapshot.habits)


@given(st.sets(st.integers(1, 400)))
def test_days_are_bits(days: set[int]) -> None:
    first = min(days, default=0)
    habit = HabitState("h", "Read", Schedule(), Settled(), first, sum(1 << (day - first) for day in days))
    assert set(habit.ticked()) == days
    for start in (1, 200, 500):
        assert {day for day in range(start, 520) if habit.since(start) >> (day - start) & 1} == {
            day for day in days if day >= start
        }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no snapshot",
        zlib.compress(b"[]"),
        zlib.compress(b"[1, 2]"),
        zlib.compress(json.dumps([VERSION, "a", "UTC", 0, 1, 1, []]).encode())[:-2],
        zlib.compress(json.dumps([VERSION, "a", "UTC", 0, 1, 1, []]).encode()) + b"more",
        zlib.compress(json.dumps([VERSION + 1, "a", "UTC", 0, 1, 1, []]).encode()),
        zlib.compress(
            json.dumps([VERSION, "a", "UTC", 0, 1, 1, [["h", "x", "hourly", [0, 0, 0, 0], 0, "0"]]]).encode()
        ),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadSnapshot):
        decode(data)
