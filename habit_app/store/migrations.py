"""Numbered SQL files that bring a database up to date, whoever runs them and however many run them at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from habit_app.store.database import Connection, Database, MissingTable

_DIRECTORY = Path(__file__).with_name("migrations")
_ONLY_SQLITE = re.compile(r"/\*sqlite:(.*?)\*/")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One file: `0001_start.sql` is version 1."""

    version: int
    text: str

    def statements(self, engine: str) -> list[str]:
        """Its statements for "sqlite" or "postgres"."""
        text = _COMMENT.sub("", self.text)
        if engine == "sqlite":
            text = _ONLY_SQLITE.sub(r"\1", text)
        return [part.strip() for part in text.split(";\n") if part.strip()]


@lru_cache(maxsize=1)
def migrations() -> tuple[Migration, ...]:
    """All of them, oldest first."""
    files = sorted(_DIRECTORY.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return tuple(Migration(int(file.name[:4]), file.read_text(encoding="utf-8")) for file in files)


def newest() -> int:
    """The version this release of the app was written for."""
    return migrations()[-1].version


def version(link: Connection) -> int:
    """The version a database is at; 0 when it is empty."""
    try:
        return int(link.run("SELECT max(version) FROM schema_version")[0][0] or 0)
    except MissingTable:
        return 0


def migrate(database: Database) -> int:
    """Bring `database` up to `newest()` and give the version it is at.

    All missing files run in one transaction under a lock, so processes that start together do the work once, and a
    failure leaves nothing half done. A database that is already newer is left as it is: files only ever add, so an
    older release still works on it.
    """
    with database.reading() as link:
        found = version(link)
    if found >= newest():
        return found
    with database.migrating() as link:
        link.run("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
        found = version(link)
        for migration in migrations():
            if migration.version > found:
                for statement in migration.statements(database.engine):
                    link.run(statement)
                link.run("INSERT INTO schema_version (version) VALUES (?)", migration.version)
    return max(found, newest())
