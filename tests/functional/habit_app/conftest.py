"""Databases and servers for the app's functional tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask

from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_postgres import Cluster, binaries, cluster
from tests.functional.habit_app.habit_server import Server, running

ENGINES = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.real_postgres)]


class Start(Protocol):
    """Starts a server with these variables; it is stopped when the test is over."""

    def __call__(self, **variables: str) -> Server: ...


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A Postgres server that the tests share; every test makes a database of its own."""
    place = binaries()
    if place is None:
        pytest.skip("no PostgreSQL server on this computer (Debian: apt-get install postgresql)")
    with cluster(place) as made:
        yield made


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that several processes can use, once of each kind."""
    if request.param == "postgres":
        server: Cluster = request.getfixturevalue("postgres")
        return server.new_database()
    return f"sqlite://{tmp_path / 'shared' / 'habits.db'}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers."""
    with ExitStack() as servers:
        count = 0

        def start_one(**variables: str) -> Server:
            nonlocal count
            count += 1
            return servers.enter_context(running(tmp_path / f"instance-{count}", variables))

        yield start_one


@pytest.fixture
def clock() -> Moved:
    """Noon UTC on Friday 30 January 2026."""
    return Moved()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Moved) -> Iterator[Flask]:
    """The app in this process, off Fly."""
    with app_at(tmp_path / "instance", clock, DATABASE_URL=database_url) as made:
        yield made


@pytest.fixture
def ada(app: Flask) -> Browser:
    """A browser signed in as ada."""
    return Browser(app).sign_up()
