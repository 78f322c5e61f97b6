"""Which DATABASE_URL a machine gets: only the port of one on this computer changes, and only far from it."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.core.database_url import through_relay

FAR = {"PRIMARY_REGION": "iad", "OTHER": "x"}


def relay(region: str, home: str, port: int) -> int | None:
    assert (region, home) == ("nrt", "iad")
    return 20_000 + port


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("postgresql://u:p%40ss@localhost:5433/db?sslmode=disable",
         "postgresql://u:p%40ss@localhost:25433/db?sslmode=disable"),
        ("postgres://localhost/db", "postgres://localhost:25432/db"),
        ("postgresql+psycopg://u@127.0.0.1", "postgresql+psycopg://u@127.0.0.1:25432"),
        ("redis://:secret@127.0.0.1:6379/0", "redis://:secret@127.0.0.1:26379/0"),
    ],
)  # fmt: skip
def test_a_database_on_this_computer_is_reached_through_a_relay(url: str, becomes: str) -> None:
    assert through_relay({**FAR, "DATABASE_URL": url}, "nrt", relay) == {**FAR, "DATABASE_URL": becomes}


@pytest.mark.parametrize(
    "url",
    ["", "sqlite:////data/habits.db", "postgres://u@ep-1.neon.tech/db", "postgres://localhost.example.com/db",
     "postgres://localhost:1,localhost:2/db", "postgres:///db?host=/tmp", "postgres://localhost:99999/db",
     "http://localhost:80/", "postgres://u@[::1]:5432/db", "hello", "postgres://127.0.0.1:0/db"],
)  # fmt: skip
def test_what_is_elsewhere_or_not_understood_stays(url: str) -> None:
    environment = {**FAR, "DATABASE_URL": url}
    assert through_relay(environment, "nrt", relay) == environment


@pytest.mark.parametrize("home", ["", "nrt"])
def test_beside_the_database_nothing_is_in_between(home: str) -> None:
    environment = {"PRIMARY_REGION": home, "DATABASE_URL": "postgres://localhost/db"}
    assert through_relay(environment, "nrt", relay) == environment


def test_without_delays_there_is_no_relay() -> None:
    environment = {**FAR, "DATABASE_URL": "postgres://localhost/db"}
    assert through_relay(environment, "nrt", lambda region, home, port: None) == environment


def test_a_container_calls_this_computer_otherwise() -> None:
    environment = {**FAR, "DATABASE_URL": "postgres://u:p@host.docker.internal/db"}
    assert through_relay(environment, "nrt", relay) == environment
    near = through_relay(environment, "nrt", relay, "host.docker.internal")
    assert near["DATABASE_URL"] == "postgres://u:p@host.docker.internal:25432/db"
    own = {**FAR, "DATABASE_URL": "postgres://localhost/db"}
    assert through_relay(own, "nrt", relay, "host.docker.internal") == own, "the container itself"
