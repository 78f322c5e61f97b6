"""What a dashboard weighs and what it takes to make one: bytes, statements and days, which can be counted."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from habit_app.app import create_app
from habit_app.schedule import Schedule, times_a_week
from habit_app.sessions import Session
from habit_app.store import accounts, entries, habits
from habit_app.store.address import parse_address
from habit_app.store.database import Connection, Row, open_database
from habit_app.store.migrations import migrate
from habit_app.store.snapshots import read

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT = "2026-01-01T00:00:00.000000Z"
MOST_ON_THE_WIRE = 6_000
HEADS = 800  # of the answer: its own headers, and those that every answer has


class Counting:
    """A connection that counts its statements."""

    def __init__(self, link: Connection) -> None:
        self.link = link
        self.join = link.join
        self.statements = 0

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        self.statements += 1
        return self.link.run(statement, *values)


def filled(place: Path, days: int) -> str:
    """A database with a user who has kept eight habits on most of so many days; its address."""
    url = f"sqlite://{place}/habits.db"
    database = open_database(parse_address(url))
    migrate(database)
    with database.writing() as link:
        accounts.add(link, id="ada", name="ada", key="ada", password_hash="x", zone="UTC", at=AT)
        for number in range(8):
            schedule = times_a_week(3) if number == 7 else Schedule()
            habits.add(link, id=f"{number:016x}", user_id="ada", name=f"Habit {number}", schedule=schedule, at=AT)
            for back in range(days - 1, -1, -1):
                if (back + number) % 9 != 4:
                    entries.put(link, f"{number:016x}", _day(back), done=True, at=AT)
    database.close()
    return url


def _day(back: int) -> date:
    return NOON.date() - timedelta(days=back)


def test_a_page_with_eight_habits_is_small_and_whole(tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": filled(tmp_path, 90), "INSTANCE_DIR": str(tmp_path)}, lambda: NOON)
    page = app.extensions["habit_app"].dashboards.page(Session("ada", 1, iat=0, seen=0), 0)
    html = gzip.decompress(page.body).decode()
    assert all(f"Habit {number}" in html for number in range(8))
    assert html.count("data-day=") >= 8 * 30
    assert len(page.body) + HEADS <= MOST_ON_THE_WIRE


@pytest.mark.parametrize("days", [30, 400])
def test_a_long_history_is_not_read_again(days: int, tmp_path: Path) -> None:
    database = open_database(parse_address(filled(tmp_path, days)))
    with database.reading() as link:
        counted = Counting(link)
        found = read(counted, "ada")
    database.close()
    assert found is not None and len(found.habits) == 8
    assert counted.statements == 2
    assert all(len(habit.ticked()) <= 30 + 7 + 7 for habit in found.habits)
    assert len(found.encode()) < 800
