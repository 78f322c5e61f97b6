"""Postgres, such as Neon. Imported only when DATABASE_URL names one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from habit_app.store.database import (
    WAIT_SECONDS,
    BadValue,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseSlow,
    DatabaseUnavailable,
    DatabaseUnreachable,
    MissingTable,
    OutcomeUnknown,
    Row,
)
from habit_app.store.postgres_connection import TimedConnection

MOST_CONNECTIONS = 5
IDLE_SECONDS = 10.0
# An idle connection that does not answer "are you there?" by then is dropped for a new one.
CHECK_SECONDS = 0.5
MIGRATION_SECONDS = 60.0
# Any number will do, as long as nothing else in the same database locks on it.
MIGRATION_LOCK = 4_801_973

# What the server's codes mean to the app, by their first characters; the others are simply "unavailable".
_KINDS: tuple[tuple[str, type[DatabaseUnavailable]], ...] = (
    ("08", DatabaseUnreachable),  # connection
    ("53100", DatabaseFull),
    ("53300", DatabaseUnreachable),  # too many connections
    ("55P03", DatabaseLocked),  # lock not available
    ("57P", DatabaseUnreachable),  # shutting down, starting up
    ("57014", DatabaseSlow),  # statement_timeout
    ("25006", DatabaseReadOnly),
)


class _PostgresLink:
    join = "string_agg"

    def __init__(self, connection: TimedConnection) -> None:
        self.connection = connection

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        with _translated(), _encoded():
            cursor = self.connection.execute(statement.replace("?", "%s").encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class PostgresDatabase:
    """A Postgres server behind a small pool.

    The pool keeps nothing open when the app is idle, so that a database that sleeps can sleep, and it looks at every
    connection before it hands it out: a machine that was suspended wakes up with dead ones. Statements are never
    prepared, because a transaction pooler may run each on another server connection.

    Waiting is limited on this side, since a server that cannot be reached cannot end it, and for a transaction also on
    the other, so that what nobody waits for any more is not gone on with. That setting travels with BEGIN: as an option
    of the connection a transaction pooler would refuse it.
    """

    engine = "postgres"

    def __init__(self, url: str) -> None:
        """Use the server at `url`."""
        self._pool: ConnectionPool[TimedConnection] = ConnectionPool(
            url,
            connection_class=TimedConnection,
            min_size=0,
            max_size=MOST_CONNECTIONS,
            max_idle=IDLE_SECONDS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=WAIT_SECONDS,
            check=_check,
            kwargs={
                "prepare_threshold": None,
                "autocommit": True,
                # libpq takes no less than two seconds; the pool gives up with the request.
                "connect_timeout": 2,
                "tcp_user_timeout": int(WAIT_SECONDS * 1000),
            },
            open=False,
            name="habits",
        )
        self._lock = Lock()
        self._opened = False

    @contextmanager
    def reading(self) -> Iterator[_PostgresLink]:
        """A connection for reading, one committed snapshot per statement."""
        with self._connection(WAIT_SECONDS) as connection:
            yield _PostgresLink(connection)

    @contextmanager
    def writing(self) -> Iterator[_PostgresLink]:
        """One transaction."""
        with self._transaction(WAIT_SECONDS) as link:
            yield link

    @contextmanager
    def migrating(self) -> Iterator[_PostgresLink]:
        """One transaction behind a lock that ends with it; a session's lock would not survive a pooler."""
        with self._transaction(MIGRATION_SECONDS) as link:
            link.run(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            yield link

    def close(self) -> None:
        """Close the pool."""
        with self._lock:
            if self._opened:
                self._pool.close()

    @contextmanager
    def _connection(self, seconds: float) -> Iterator[TimedConnection]:
        with _translated(), self._open_pool().connection(timeout=WAIT_SECONDS) as connection:
            connection.allow(seconds)
            yield connection

    @contextmanager
    def _transaction(self, seconds: float) -> Iterator[_PostgresLink]:
        with self._connection(seconds) as connection:
            link = _PostgresLink(connection)
            # Without values psycopg sends the text as it is, so both are one round trip. The server gives up a little
            # earlier than this side, so that the connection can be kept.
            link.run(f"BEGIN; SET LOCAL statement_timeout = {int(seconds * 900)}")
            try:
                yield link
            except BaseException:
                if not connection.closed:
                    link.run("ROLLBACK")
                raise
            try:
                link.run("COMMIT")
            except DatabaseUnreachable as problem:
                raise OutcomeUnknown(f"during COMMIT: {problem}") from problem

    def _open_pool(self) -> ConnectionPool[TimedConnection]:
        with self._lock:
            if not self._opened:
                # Not before the first use: the pool's threads would not survive a fork.
                self._pool.open()
                self._opened = True
        return self._pool


def _check(connection: TimedConnection) -> None:
    connection.allow(CHECK_SECONDS)
    connection.execute("")


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as the app's own, without the server's text, which may quote a password or an address."""
    try:
        yield
    except psycopg.errors.UndefinedTable as problem:
        raise MissingTable("a table is missing") from problem
    except PoolTimeout as problem:
        raise DatabaseUnreachable("no connection to Postgres within the time allowed") from problem
    except psycopg.DataError as problem:
        raise BadValue(type(problem).__name__) from problem
    except psycopg.Error as problem:
        raise _kind(problem)(f"Postgres: {type(problem).__name__} {problem.sqlstate or ''}".strip()) from problem


@contextmanager
def _encoded() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as problem:
        raise BadValue("not UTF-8") from problem


def _kind(problem: psycopg.Error) -> type[DatabaseUnavailable]:
    code = problem.sqlstate
    if code is None:
        # No code: it is not the server that says so, the connection is gone.
        return DatabaseUnreachable if isinstance(problem, psycopg.OperationalError) else DatabaseUnavailable
    return next((kind for start, kind in _KINDS if code.startswith(start)), DatabaseUnavailable)
