"""What the app asks of a database, whichever it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from habit_app.store.address import Address

Row = tuple[Any, ...]

# How long one piece of work may wait for the database, from asking for a connection to the last answer.
WAIT_SECONDS = 2.0


class DatabaseUnavailable(Exception):
    """The database did not do what it was asked; trying again later may help.

    Attributes:
        text: what the user is told.
    """

    text = "The database cannot be used right now. Nothing was changed; please try again in a moment."


class DatabaseUnreachable(DatabaseUnavailable):
    """Nobody answers, or not in time."""

    text = "The database cannot be reached right now. Nothing was changed; please try again in a moment."


class DatabaseSlow(DatabaseUnreachable):
    """The database answers, but not in the time a request may take."""

    text = "The database takes too long right now. Nothing was changed; please try again in a moment."


class OutcomeUnknown(DatabaseUnreachable):
    """The connection was lost while a change was being made final."""

    text = "The connection to the database was lost. It is not known whether the change was saved: please look again."


class DatabaseBusy(DatabaseUnavailable):
    """As many requests as are allowed to wait for the database are waiting already."""

    text = "The database is busy right now. Nothing was changed; please try again in a moment."


class DatabaseLocked(DatabaseUnavailable):
    """Somebody else has been writing for longer than a change may wait."""

    text = "The database is locked right now. Nothing was changed; please try again in a moment."


class DatabaseFull(DatabaseUnavailable):
    """There is no room for the change. What is stored can still be read."""

    text = "The disk of the database is full. Nothing was changed; what is stored can still be read."


class DatabaseReadOnly(DatabaseUnavailable):
    """The database takes no changes. What is stored can still be read."""

    text = "The database is read-only right now. Nothing was changed; what is stored can still be read."


class MissingTable(DatabaseUnavailable):
    """A statement named a table that is not there (yet)."""


class BadValue(Exception):
    """A value that the database cannot keep, such as a text with a NUL character: the request is wrong."""


class Connection(Protocol):
    """A connection, for as long as one piece of work lasts.

    Attributes:
        join: the function that joins texts of many rows: of the column and what comes between.
    """

    join: str

    def run(self, statement: str, *values: str | int | None) -> list[Row]:
        """Run one statement with `?` for each value, and give its rows (none for most writes).

        Raises:
            BadValue: one of `values` cannot be stored.
            MissingTable: a table is not there.
            DatabaseUnavailable: anything else the database said no to, by kind.
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
        """Like `writing`, without its time limit and alone: others that ask for the same wait for their turn."""
        ...

    def close(self) -> None:
        """Close every idle connection. Work in progress finishes first."""
        ...


def open_database(address: Address, *, copy: bool = False) -> Database:
    """The database at `address`. Nothing is connected before the first use.

    A `copy` of a SQLite file is only read: another machine writes it.
    """
    if address.engine == "postgres":
        # psycopg takes a fifth of a second to import, and most runs of this app use SQLite.
        from habit_app.store.postgres import PostgresDatabase

        return PostgresDatabase(address.where)
    from habit_app.store.sqlite import SqliteDatabase

    return SqliteDatabase(address.where, copy=copy)
