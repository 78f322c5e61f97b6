"""Long histories: what is settled is counted once, and whatever changes the past is counted anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from habit_app.known.snapshot import HabitState
from habit_app.schedule import Schedule, on_weekdays
from habit_app.store import accounts, entries, habits, snapshots
from habit_app.store.address import parse_address
from habit_app.store.database import Database, open_database
from habit_app.store.migrations import migrate
from habit_app.streaks import NOTHING, Streak, measure_from

TODAY = date(2026, 1, 30)
AT = "2026-01-30T12:00:00.000000Z"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with one user and one habit."""
    opened = open_database(parse_address(database_url))
    migrate(opened)
    with opened.writing() as link:
        accounts.add(link, id="ada", name="ada", key="ada", password_hash="x", zone="UTC", at=AT)
        habits.add(link, id="read", user_id="ada", name="Read", schedule=Schedule(), at=AT)
    yield opened
    opened.close()


def tick(database: Database, *days: date, done: bool = True) -> None:
    """Change these days in their order; a transaction may not take long."""
    for start in range(0, len(days), 40):
        with database.writing() as link:
            for day in days[start : start + 40]:
                entries.put(link, "read", day, done=done, at=AT)


def state(database: Database) -> HabitState:
    """The habit as a snapshot has it."""
    with database.reading() as link:
        found = snapshots.read(link, "ada")
    assert found
    (habit,) = found.habits
    return habit


def streak(habit: HabitState) -> Streak:
    """How it stands."""
    return measure_from(habit.schedule, habit.settled, habit.ticked(), TODAY)


def row(count: int, last: date = TODAY) -> list[date]:
    """`count` days in a row, oldest first."""
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def test_ten_years_are_read_as_a_few_weeks(database: Database) -> None:
    tick(database, *row(3650))
    habit = state(database)
    assert streak(habit) == Streak(3650, 3650, "day")
    assert len(habit.ticked()) < 45


def test_a_gap_long_ago_stays_a_gap(database: Database) -> None:
    tick(database, *row(500, TODAY - timedelta(days=300)), *row(100))
    assert streak(state(database)) == Streak(100, 500, "day")


def test_the_days_that_can_be_ticked_are_never_settled(database: Database) -> None:
    tick(database, *row(200))
    tick(database, TODAY - timedelta(days=29), done=False)
    assert streak(state(database)) == Streak(29, 170, "day")


def test_a_change_of_the_distant_past_is_counted_anew(database: Database) -> None:
    tick(database, *row(200))
    tick(database, TODAY - timedelta(days=150), done=False)
    assert streak(state(database)) == Streak(150, 150, "day")
    tick(database, TODAY - timedelta(days=150))
    assert streak(state(database)) == Streak(200, 200, "day")


def test_another_schedule_judges_the_past_by_itself(database: Database) -> None:
    tick(database, *row(200))
    with database.writing() as link:
        habits.change(link, "ada", "read", "Read", on_weekdays([4]))
    habit = state(database)
    assert streak(habit) == Streak(29, 29, "day")
    assert len(habit.ticked()) < 45


def test_a_schedule_changed_by_a_release_that_knows_nothing_of_this(database: Database) -> None:
    tick(database, *row(200))
    with database.writing() as link:
        link.run("UPDATE habits SET schedule = 'days:4' WHERE id = 'read'")
    habit = state(database)
    assert habit.settled is NOTHING
    assert streak(habit) == Streak(29, 29, "day")


def test_a_history_from_before_is_read_whole_until_the_next_tick(database: Database) -> None:
    with database.writing() as link:
        for day in row(400):
            link.run("INSERT INTO entries (habit_id, day, created_at) VALUES ('read', ?, ?)", day.isoformat(), AT)
    assert streak(state(database)) == Streak(400, 400, "day")
    tick(database, TODAY, done=False)
    habit = state(database)
    assert len(habit.ticked()) < 45
    assert streak(habit) == Streak(399, 399, "day")
