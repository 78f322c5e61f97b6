"""The database of a machine that has none: a far region asks the primary, and never runs SQL."""

from __future__ import annotations

from contextlib import AbstractContextManager

from habit_app.store.database import Connection, DatabaseUnreachable


class DatabaseElsewhere:
    """Refuses everything, so that nothing in a far region can cross an ocean with SQL by mistake."""

    engine = "elsewhere"

    def reading(self) -> AbstractContextManager[Connection]:
        """Nothing is read here."""
        raise DatabaseUnreachable("this region has no database; the primary region should have been asked")

    writing = migrating = reading

    def close(self) -> None:
        """Nothing to close."""
