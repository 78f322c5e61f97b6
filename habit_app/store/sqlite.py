"""The embedded database: one file, any number of processes on one computer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from habit_app.store.database import (
    WAIT_SECONDS,
    BadValue,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DatabaseUnreachable,
    MissingTable,
    Row,
)

# What SQLite's primary result codes mean to the app; the others are simply "unavailable".
_KINDS: dict[int, type[DatabaseUnavailable]] = {
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
}


class _SqliteLink:
    join = "group_concat"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        try:
            return self.connection.execute(statement, values).fetchall()
        except (UnicodeEncodeError, OverflowError, sqlite3.DataError) as problem:
            raise BadValue(f"{type(problem).__name__}") from problem
        except sqlite3.Error as problem:
            raise _translated(problem) from problem


class SqliteDatabase:
    """A SQLite file in WAL mode, so that readers and the one writer never wait for each other."""

    engine = "sqlite"

    def __init__(self, path: str, *, copy: bool = False) -> None:
        """Use the file at `path`; it and its directory are made on first use.

        A `copy` is another machine's to write: it is never made, changed or migrated here.
        """
        self.path = Path(path)
        self._copy = copy
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
        if self._copy:
            raise DatabaseReadOnly(f"{self.path} is a copy, which the primary region writes")
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

    # The write lock of the file is the only lock there is, and it is enough. Waiting for it is limited; working is not.
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
        except sqlite3.Error as problem:
            raise _translated(problem) from problem
        except OSError as problem:
            raise DatabaseUnreachable(f"cannot open {self.path}: {problem.strerror}") from problem

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._copy:
            return self._connect_to_copy()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_wal(connection)
        return connection

    def _connect_to_copy(self) -> sqlite3.Connection:
        place = f"{self.path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(place, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)


def _translated(problem: sqlite3.Error) -> DatabaseUnavailable:
    """SQLite's error as the app's own."""
    if str(problem).startswith("no such table"):
        return MissingTable(str(problem))
    # The low byte is the kind, the rest says more precisely where; errors of the module itself have no code.
    code = getattr(problem, "sqlite_errorcode", None)
    kind = _KINDS.get(code & 0xFF, DatabaseUnavailable) if code is not None else DatabaseUnavailable
    return kind(str(problem))


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging; it stays that way.

    SQLite does not wait for the lock this needs, so when several processes create the file at once all but one are
    turned away and try again.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            # Only a lock goes away by itself: a full disk or a read-only file is said at once.
            if _KINDS.get(problem.sqlite_errorcode & 0xFF) is not DatabaseLocked or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
