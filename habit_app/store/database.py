"""What the app asks of a database, whichever it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from habit_app.store.address import Address

Row = tuple[Any, ...]


class DatabaseUnavailable(Exception):
    """The database cannot be used now: unreachable, locked, full or broken. Trying again later may help."""


class MissingTable(Exception):
    """A statement named a table that is not there (yet)."""


class Connection(Protocol):
    """A connection, for as long as one piece of work lasts."""

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        """Run one statement with `?` for each value, and give its rows (none for most writes).

        Raises:
            MissingTable: a table is not there.
            DatabaseUnavailable: anything else the database said no to.
        """
        ...


class Database(Protocol):
    """A SQLite file or a Postgres server. Safe to use from many threads."""

    engine: str

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for reading; every statement sees what is committed by then."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction: committed at the end of the block, undone when the block raises."""
        ...

    def migrating(self) -> AbstractContextManager[Connection]:
        """Like `writing`, and alone: other processes that ask for the same wait for their turn."""
        ...

    def close(self) -> None:
        """Close every idle connection. Work in progress finishes first."""
        ...


def open_database(address: Address) -> Database:
    """The database at `address`. Nothing is connected before the first use."""
    if address.engine == "postgres":
        # psycopg takes a fifth of a second to import, and most runs of this app use SQLite.
        from habit_app.store.postgres import PostgresDatabase

        return PostgresDatabase(address.where)
    from habit_app.store.sqlite import SqliteDatabase

    return SqliteDatabase(address.where)
