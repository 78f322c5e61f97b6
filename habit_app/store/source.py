"""Snapshots from the database, for machines that have one."""

from __future__ import annotations

from collections.abc import Mapping

from habit_app.known.snapshot import Snapshot
from habit_app.store import snapshots
from habit_app.store.store import Store


class DatabaseSource:
    """Reads snapshots with SQL."""

    def __init__(self, store: Store) -> None:
        """From `store`."""
        self._store = store

    def snapshot(self, user_id: str) -> tuple[Snapshot, bytes] | None:
        """The user's snapshot, and encoded; None when there is no such user."""
        with self._store.reading() as link:
            found = snapshots.read(link, user_id)
        return (found, found.encode()) if found else None

    def moved(self, revisions: Mapping[str, int]) -> set[str]:
        """Those of the users who are at another revision by now, or gone."""
        with self._store.reading() as link:
            now = snapshots.revisions(link, revisions)
        return {id for id, rev in revisions.items() if now.get(id) != rev}
