"""The database as the rest of the app uses it: always migrated, and never waited for by too many."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager
from threading import Lock

from habit_app.store.database import (
    WAIT_SECONDS,
    Connection,
    Database,
    DatabaseUnavailable,
    DatabaseUnreachable,
)
from habit_app.store.guard import Guard
from habit_app.store.migrations import migrate

log = logging.getLogger("habit_app")


class Store:
    """A database that is brought up to date before its first use in this process.

    Any machine may find itself first, so any machine may migrate; the lock in `migrate` sees to it that one does.
    """

    def __init__(self, database: Database, guard: Guard | None = None) -> None:
        """Use `database`; nothing is connected yet. `guard` limits who waits for it."""
        self.database = database
        self.guard = guard or Guard()
        self._lock = Lock()
        self._migration: Future[int] | None = None

    def prepare(self) -> int:
        """Migrate unless that has been done, and give the schema's version.

        One thread does the work, without a lock; the others wait for its result, and not for long.

        Raises:
            DatabaseUnavailable: not now; the next call tries again.
        """
        with self._lock:
            migration, mine = self._migration, self._migration is None
            if migration is None:
                migration = self._migration = Future()
        if mine:
            self._migrate(migration)
        try:
            return migration.result(timeout=WAIT_SECONDS)
        except TookTooLong:
            raise DatabaseUnreachable("the database is still being brought up to date") from None

    def prepare_quietly(self) -> None:
        """Like `prepare`, for a background thread at start: a database that is away is a line in the log."""
        try:
            with self.guard.writing():
                version = self.prepare()
            log.info("database ready, schema version %d", version)
        except DatabaseUnavailable as problem:
            log.warning("database not ready at start, will try again when it is needed: %s", problem)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        with self.guard.reading():
            self.prepare()
            with self.database.reading() as link:
                yield link

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        with self.guard.writing():
            self.prepare()
            with self.database.writing() as link:
                yield link

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def _migrate(self, migration: Future[int]) -> None:
        try:
            version = migrate(self.database)
        except BaseException as problem:
            # Forgotten before it is told, so that whoever hears of it can try again.
            with self._lock:
                self._migration = None
            migration.set_exception(problem)
            raise
        else:
            migration.set_result(version)
