"""The database as the rest of the app uses it: always migrated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from habit_app.store.database import Connection, Database, DatabaseUnavailable
from habit_app.store.migrations import migrate

log = logging.getLogger("habit_app")


class Store:
    """A database that is brought up to date before its first use in this process.

    Any machine may find itself first, so any machine may migrate; the lock in `migrate` sees to it that one does.
    """

    def __init__(self, database: Database) -> None:
        """Use `database`; nothing is connected yet."""
        self.database = database
        self._lock = Lock()
        self._version = 0

    def prepare(self) -> int:
        """Migrate unless that has been done, and give the schema's version.

        Raises:
            DatabaseUnavailable: not now; the next call tries again.
        """
        with self._lock:
            if not self._version:
                self._version = migrate(self.database)
            return self._version

    def prepare_quietly(self) -> None:
        """Like `prepare`, for a background thread at start: a database that is away is a line in the log."""
        try:
            log.info("database ready, schema version %d", self.prepare())
        except DatabaseUnavailable as problem:
            log.warning("database not ready at start, will try again when it is needed: %s", problem)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        self.prepare()
        with self.database.reading() as link:
            yield link

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        self.prepare()
        with self.database.writing() as link:
            yield link

    def close(self) -> None:
        """Close the connections."""
        self.database.close()
