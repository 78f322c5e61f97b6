"""Where the platform's records survive a restart: one SQLite file of JSON documents.

Changes are marked and written together by `flush`, which the API calls before it answers: what a client was told
is on disk. Nothing is marked for things that are true only now (checks, ports), so an idle fleet writes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Protocol

from flyctl_orchestrator.local.base.errors import PlatformError

SCHEMA_VERSION = 1


class Store(Protocol):
    """Keeps records by kind and key."""

    def put(self, kind: str, key: str, record: Any) -> None:
        """Mark a record (a dataclass instance) to be written with the next flush."""
        ...

    def delete(self, kind: str, key: str) -> None:
        """Mark a record to be removed with the next flush."""
        ...

    def load(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind, as documents, in the order they were first written."""
        ...

    def flush(self) -> None:
        """Write what is marked, in one transaction.

        Raises:
            PlatformError: 507 when the disk is full or the file cannot be written; what is marked stays marked.
        """
        ...

    def close(self) -> None:
        """Flush and let go of the file."""
        ...


class MemoryStore:
    """Keeps nothing beyond the process: for simulations, where every microsecond counts."""

    def put(self, kind: str, key: str, record: Any) -> None:
        """Nothing to do: the platform's own records are the only copy."""

    def delete(self, kind: str, key: str) -> None:
        """Nothing to do."""

    def load(self, kind: str) -> list[dict[str, Any]]:
        """Nothing was kept."""
        return []

    def flush(self) -> None:
        """Nothing to write."""

    def close(self) -> None:
        """Nothing to close."""


class SqliteStore:
    """Keeps records in `path`. Raises sqlite3.Error from the constructor when the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marked: dict[tuple[str, str], Any] = {}
        self._connection = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records"
            " (kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )
        self._check_version()

    def _check_version(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"{self._path} was written by another version of the local platform")
        self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def put(self, kind: str, key: str, record: Any) -> None:
        """Mark a record to be written with the next flush."""
        self._marked[(kind, key)] = record

    def delete(self, kind: str, key: str) -> None:
        """Mark a record to be removed with the next flush."""
        self._marked[(kind, key)] = None

    def load(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind, as documents, in the order they were first written."""
        rows = self._connection.execute("SELECT document FROM records WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(document) for (document,) in rows]

    def flush(self) -> None:
        """Write what is marked, in one transaction."""
        if not self._marked:
            return
        try:
            self._write(self._marked)
        except sqlite3.Error as problem:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise PlatformError(
                507, f"the local platform cannot write its state to {self._path}: {problem}"
            ) from problem
        self._marked = {}

    def _write(self, marked: dict[tuple[str, str], Any]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for (kind, key), record in marked.items():
            if record is None:
                self._connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))
            else:
                self._connection.execute(
                    "INSERT INTO records (kind, key, document) VALUES (?, ?, ?)"
                    " ON CONFLICT (kind, key) DO UPDATE SET document = excluded.document",
                    (kind, key, encode(record)),
                )
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Flush and let go of the file."""
        try:
            self.flush()
        finally:
            self._connection.close()


def encode(record: Any) -> str:
    """A dataclass instance as JSON text, without its volatile fields."""
    return json.dumps(record, default=_document, separators=(",", ":"))


def _document(record: Any) -> dict[str, Any]:
    return {kept.name: getattr(record, kept.name) for kept in _kept(type(record))}


def _kept(kind: type) -> Iterator[Field[Any]]:
    return (one for one in fields(kind) if not one.metadata.get("volatile"))
