"""The release command: Postgres is migrated before machines change, by its direct address where there is one."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest

from habit_app.store.migrations import newest
from habit_app.store.release import NotReleased, release
from tests.functional.habit_app.habit_postgres import Cluster
from tests.functional.habit_app.habit_server import ROOT

NOWHERE = "postgresql://habits:hunter2@127.0.0.1:1/habits"


def run(**variables: str) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "habit_app.store.release"],
        cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("variables", [{}, {"DATABASE_URL": "sqlite:////data/habits.db"}])
def test_a_file_is_not_there_where_releases_run(variables: dict[str, str]) -> None:
    assert release(variables).startswith("nothing to do: a file")


@pytest.mark.real_postgres
def test_the_direct_address_is_the_one_that_is_migrated(postgres: Cluster) -> None:
    direct = postgres.new_database()
    for _ in range(2):
        assert run(DATABASE_URL=NOWHERE, DATABASE_DIRECT_URL=direct) == (
            0, f"database at schema version {newest()}\n",
        )  # fmt: skip
    with psycopg.connect(direct) as link:
        assert link.execute("SELECT max(version) FROM schema_version").fetchall() == [(newest(),)]


@pytest.mark.real_postgres
def test_without_one_it_is_the_apps_own(postgres: Cluster) -> None:
    assert release({"DATABASE_URL": postgres.new_database()}) == f"database at schema version {newest()}"


def test_a_database_that_is_away_stops_the_release_and_its_password_is_not_told() -> None:
    status, said = run(DATABASE_URL=NOWHERE)
    last = said.splitlines()[-1]  # after what the driver has to say
    assert status == 1
    assert last.startswith("the database in DATABASE_URL was not brought up to date: The database cannot be reached")
    assert "hunter2" not in said


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(NotReleased, match=r"^DATABASE_DIRECT_URL must look like postgres://"):
        release({"DATABASE_DIRECT_URL": "http://hunter2"})
