"""The embedded database: one file, any number of processes on one computer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from habit_app.store.database import DatabaseUnavailable, MissingTable, Row

# How long a statement waits for another process to finish its transaction.
BUSY_SECONDS = 5.0


class _SqliteLink:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        try:
            return self.connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as problem:
            if str(problem).startswith("no such table"):
                raise MissingTable(str(problem)) from problem
            raise DatabaseUnavailable(str(problem)) from problem
        except sqlite3.DatabaseError as problem:
            raise DatabaseUnavailable(str(problem)) from problem


class SqliteDatabase:
    """A SQLite file in WAL mode, so that readers and the one writer never wait for each other."""

    engine = "sqlite"

    def __init__(self, path: str) -> None:
        """Use the file at `path`; it and its directory are made on first use."""
        self.path = Path(path)
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[_SqliteLink]:
        """A connection for reading."""
        connection = self._take()
        try:
            yield _SqliteLink(connection)
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[_SqliteLink]:
        """One transaction that holds the write lock from its start.

        A transaction that begins as a reader and writes later is refused at once when somebody else wrote in between,
        however long the busy timeout is; one that begins as a writer waits for its turn.
        """
        connection = self._take()
        link = _SqliteLink(connection)
        try:
            link.run("BEGIN IMMEDIATE")
            try:
                yield link
                link.run("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        finally:
            self._give_back(connection)

    # The write lock of the file is the only lock there is, and it is enough.
    migrating = writing

    def close(self) -> None:
        """Close idle connections, and every other one when its work is done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return self._connect()
        except (sqlite3.Error, OSError) as problem:
            raise DatabaseUnavailable(f"cannot open {self.path}: {problem}") from problem

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_wal(connection)
        return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging; it stays that way.

    SQLite does not wait for the lock this needs, so when several processes create the file at once all but one are
    turned away and try again.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
