"""A database nobody hears from: a black hole, and connections that died while the machine slept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import psycopg
import pytest
import requests

from habit_app.store.address import parse_address
from habit_app.store.database import Database, DatabaseSlow, DatabaseUnreachable, OutcomeUnknown, open_database
from habit_app.store.migrations import newest
from habit_app.store.postgres import MIGRATION_LOCK
from habit_app.store.store import Store
from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_postgres import Cluster
from tests.functional.habit_app.habit_server import Visitor
from tests.functional.habit_app.silent_relay import Relay, relay_to
from tests.waiting import eventually

pytestmark = pytest.mark.real_postgres

TODAY = date(2026, 1, 30)


@pytest.fixture
def direct(postgres: Cluster) -> str:
    """A database of its own, without the relay."""
    return postgres.new_database()


@pytest.fixture
def relay(direct: str) -> Iterator[Relay]:
    """In front of that database."""
    with relay_to(direct) as made:
        yield made


@pytest.fixture
def database_url(direct: str, relay: Relay) -> str:
    """What the app is told."""
    return relay.url(direct)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database behind the relay, as the app sees it."""
    opened = open_database(parse_address(database_url))
    yield opened
    opened.close()


def test_health_does_not_queue_behind_a_hundred_requests(start: Start, relay: Relay, database_url: str) -> None:
    server = start(DATABASE_URL=database_url)
    ada = Visitor(server).sign_up()
    ada.dashboard()
    relay.fall_silent()
    with ThreadPoolExecutor(100) as pool:
        waiting = [pool.submit(ada.elsewhere(server).get, "/settings") for _ in range(100)]
        eventually(lambda: sum(answer.running() for answer in waiting) >= 6)
        assert requests.get(f"{server.url}/api/health", timeout=20).json()["status"] == "ok"
        # The first ones wait for two seconds; health was not behind them.
        assert not all(answer.done() for answer in waiting)
        answers = [answer.result() for answer in waiting]
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
    assert "Habits" in ada.dashboard()
    relay.forget()
    eventually(lambda: ada.get("/settings").status_code == 200)


def test_while_nobody_answers_one_request_at_a_time_tries(
    relay: Relay, database_url: str, tmp_path: Path, clock: Moved
) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=database_url) as app:
        ada = Browser(app).sign_up()
        relay.fall_silent()
        assert ada.get("/settings").status_code == 503
        guard = app.extensions["habit_app"].store.guard
        assert guard.reads.open
        with ThreadPoolExecutor(1) as pool:
            prober = pool.submit(ada.get, "/settings")
            eventually(lambda: guard.waiting == 1)
            for _ in range(50):
                assert ada.get("/settings").status_code == 503
            assert not prober.done()
            assert prober.result().status_code == 503
        relay.forget()
        eventually(lambda: ada.get("/settings").status_code == 200)
        assert not guard.reads.open


def test_connections_that_fell_silent_while_the_machine_slept_are_replaced(
    relay: Relay, database_url: str, tmp_path: Path, clock: Moved
) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=database_url) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit("Read")
        relay.forget()
        assert ada.tick(habit, TODAY).status_code == 200
        assert ada.done() == ["2026-01-30"]


def test_an_answer_that_does_not_come_is_not_waited_for(relay: Relay, database: Database) -> None:
    with pytest.raises(DatabaseUnreachable), database.reading() as link:
        relay.fall_silent()
        link.run("SELECT 1")


def test_a_change_whose_end_is_not_heard_is_not_called_undone(relay: Relay, database: Database) -> None:
    with pytest.raises(OutcomeUnknown) as caught, database.writing() as link:
        link.run("CREATE TABLE proof (id INTEGER)")
        relay.fall_silent()
    assert "not known" in caught.value.text


def test_the_server_ends_a_transaction_that_takes_too_long(database: Database) -> None:
    with database.writing() as link:
        before = link.run("SELECT pg_backend_pid()")
    with pytest.raises(DatabaseSlow), database.writing() as link:
        link.run("SELECT pg_sleep(30)")
    # It is the server that gave up, and the connection is as good as before.
    with database.writing() as link:
        assert link.run("SELECT pg_backend_pid()") == before


def test_nobody_waits_long_for_a_migration(direct: str, database: Database) -> None:
    store = Store(database)
    with psycopg.connect(direct) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})".encode())
        with ThreadPoolExecutor(2) as pool:
            migrating = pool.submit(store.prepare)
            eventually(lambda: store._migration)
            with pytest.raises(DatabaseUnreachable, match="brought up to date"):
                pool.submit(store.prepare).result()
            assert not migrating.done()
            other.rollback()
            assert migrating.result() == newest()
    assert store.prepare() == newest()


def test_a_connection_that_says_nothing_takes_no_thread(start: Start, tmp_path: Path) -> None:
    server = start(DATABASE_URL=f"sqlite://{tmp_path}/habits.db")
    with ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        # A thread would wait five seconds for each of them, and there are eight.
        assert requests.get(f"{server.url}/login", timeout=4).status_code == 200
