"""Databases and servers for the app's functional tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from habit_postgres import Cluster, binaries, cluster
from habit_server import Server, running

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
        return request.getfixturevalue("postgres").new_database()
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
