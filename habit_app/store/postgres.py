"""Postgres, such as Neon. Imported only when DATABASE_URL names one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from habit_app.store.database import DatabaseUnavailable, MissingTable, Row

MOST_CONNECTIONS = 5
IDLE_SECONDS = 10.0
WAIT_SECONDS = 3.0
# Any number will do, as long as nothing else in the same database locks on it.
MIGRATION_LOCK = 4_801_973


class _PostgresLink:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        with _translated():
            cursor = self.connection.execute(statement.replace("?", "%s").encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class PostgresDatabase:
    """A Postgres server behind a small pool.

    The pool keeps nothing open when the app is idle, so that a database that sleeps can sleep, and it looks at every
    connection before it hands it out: a machine that was suspended wakes up with dead ones. Statements are never
    prepared, because a transaction pooler may run each on another server connection.
    """

    engine = "postgres"

    def __init__(self, url: str) -> None:
        """Use the server at `url`."""
        self._pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
            url,
            min_size=0,
            max_size=MOST_CONNECTIONS,
            max_idle=IDLE_SECONDS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=WAIT_SECONDS,
            check=ConnectionPool.check_connection,
            kwargs={"prepare_threshold": None, "autocommit": True, "connect_timeout": 3},
            open=False,
            name="habits",
        )
        self._lock = Lock()
        self._opened = False

    @contextmanager
    def reading(self) -> Iterator[_PostgresLink]:
        """A connection for reading, one committed snapshot per statement."""
        with _translated(), self._open_pool().connection() as connection:
            yield _PostgresLink(connection)

    @contextmanager
    def writing(self) -> Iterator[_PostgresLink]:
        """One transaction."""
        with _translated(), self._open_pool().connection() as connection, connection.transaction():
            yield _PostgresLink(connection)

    @contextmanager
    def migrating(self) -> Iterator[_PostgresLink]:
        """One transaction behind a lock that ends with it; a session's lock would not survive a pooler."""
        with self.writing() as link:
            link.run(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            yield link

    def close(self) -> None:
        """Close the pool."""
        with self._lock:
            if self._opened:
                self._pool.close()

    def _open_pool(self) -> ConnectionPool[psycopg.Connection[Any]]:
        with self._lock:
            if not self._opened:
                # Not before the first use: the pool's threads would not survive a fork.
                self._pool.open()
                self._opened = True
        return self._pool


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as the app's own, without the server's text, which may quote a password or an address."""
    try:
        yield
    except psycopg.errors.UndefinedTable as problem:
        raise MissingTable("a table is missing") from problem
    except PoolTimeout as problem:
        raise DatabaseUnavailable("no connection to Postgres within the time allowed") from problem
    except psycopg.Error as problem:
        raise DatabaseUnavailable(f"Postgres: {type(problem).__name__} {problem.sqlstate or ''}".strip()) from problem
