"""What the database says no to: a full disk, a lock, a read-only database, a value it cannot keep."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_postgres import Cluster
from tests.functional.habit_app.small_disk import fill, make_read_only, small_disk

TODAY = date(2026, 1, 30)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    with small_disk(tmp_path / "disk", "2m") as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite file."""
    return tmp_path / "habits.db"


@pytest.fixture
def server_url(postgres: Cluster) -> str:
    """A Postgres database."""
    return postgres.new_database()


def refused(browser: Browser, habit: str, reason: str) -> None:
    """A change is refused for that reason and can be tried again; what is stored can still be read."""
    answer = browser.tick(habit, TODAY)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
    assert reason in answer.text
    page = browser.get("/settings")
    assert page.status_code == 200, page.text
    assert browser.get("/api/ready").status_code == 200


def test_sqlite_a_full_disk(disk: Path, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=f"sqlite://{disk}/habits.db") as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        fill(disk)
        refused(ada, habit, "disk of the database is full")
        (disk / "filler").unlink()
        assert ada.tick(habit, TODAY).status_code == 200


def test_sqlite_a_read_only_database(disk: Path, tmp_path: Path, clock: Moved) -> None:
    url = f"sqlite://{disk}/habits.db"
    with app_at(tmp_path, clock, DATABASE_URL=url) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
    make_read_only(disk)
    with app_at(tmp_path, clock, DATABASE_URL=url) as app:
        answer = same(ada, app).tick(habit, TODAY)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Nothing was changed" in answer.text


def test_sqlite_a_file_that_somebody_else_has_locked(file: Path, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=f"sqlite://{file}") as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused(ada, habit, "database is locked")
        other.execute("ROLLBACK")
        other.close()
        assert ada.tick(habit, TODAY).status_code == 200


def test_sqlite_a_file_that_is_no_database(file: Path, tmp_path: Path, clock: Moved) -> None:
    file.write_bytes(b"not a database" * 1000)
    with app_at(tmp_path, clock, DATABASE_URL=f"sqlite://{file}") as app:
        answer = Browser(app).log_in()
        assert (answer.status_code, "cannot be used" in answer.text) == (503, True)
        assert Browser(app).get("/api/ready").status_code == 503
        assert Browser(app).get("/api/health").status_code == 200


@pytest.mark.real_postgres
def test_postgres_a_full_disk(server_url: str, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=server_url) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        # The server cannot be given a disk of its own here; it says what it says when a disk is full.
        raising = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END"
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${raising}$$".encode())
            admin.execute("CREATE TRIGGER no_room BEFORE INSERT ON entries EXECUTE FUNCTION full_disk()")
            refused(ada, habit, "disk of the database is full")
            admin.execute("DROP TRIGGER no_room ON entries")
        assert ada.tick(habit, TODAY).status_code == 200


@pytest.mark.real_postgres
def test_postgres_a_read_only_database(server_url: str, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=server_url) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        database = server_url.rsplit("/", 1)[1]
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on".encode())
    with app_at(tmp_path, clock, DATABASE_URL=server_url) as app:
        again = same(ada, app)
        refused(again, habit, "read-only")


@pytest.mark.real_postgres
def test_postgres_a_row_that_somebody_else_has_locked(server_url: str, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=server_url) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        with psycopg.connect(server_url) as other:
            other.execute("SELECT 1 FROM users FOR UPDATE")
            answer = ada.tick(habit, TODAY)
            assert (answer.status_code, "Nothing was changed" in answer.text) == (503, True)
            assert ada.get("/settings").status_code == 200
        assert ada.tick(habit, TODAY).status_code == 200


@pytest.mark.real_postgres
def test_postgres_a_value_it_cannot_keep_is_the_requests_fault(server_url: str, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=server_url) as app:
        ada = Browser(app).sign_up()
        # Refused at the door, as a mistake in the form; the log-in, which asks the database, is told by it.
        assert ada.post("/habits", {"name": "Re\0ad"}).status_code == 422
        assert Browser(app).log_in("a\0da").status_code in (400, 422)
        assert ada.get("/settings").status_code == 200


def same(browser: Browser, app: Flask) -> Browser:
    """The same browser at another app."""
    moved = Browser(app)
    for name in ("session", "rev"):
        moved.client.set_cookie(name, browser.cookie(name) or "")
    return moved
