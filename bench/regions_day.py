"""A day of the habit app's users, hour by hour, on a clock of its own: how many page loads need SQL, or another region.

Each user loads 40 pages between 7:00 and 23:00 and ticks 6 habits, at moments that chance has chosen. The parts are the
app's own: what is kept in memory, what is asked, and the follower that asks every 25 seconds what has changed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench.habit_limits import fill
from habit_app.known.cache import Cache
from habit_app.known.dashboards import Dashboards
from habit_app.known.snapshot import Snapshot
from habit_app.sessions import Session
from habit_app.store import accounts
from habit_app.store.address import Address
from habit_app.store.database import open_database
from habit_app.store.source import DatabaseSource
from habit_app.store.store import Store

LOADS, TICKS = 40, 6
FIRST, LAST = 7 * 3600, 23 * 3600
FOLLOW_SECONDS = 25.0
# A Postgres that sleeps when nobody uses it, and another region, are not kept busy; see Settings.follow_idle_seconds.
IDLE_SECONDS = 300.0
CROWD = 25
SEED = 12


@dataclass(frozen=True)
class Day:
    """Shares of page loads that asked nobody, for one user alone and with many on the same machine."""

    alone: float
    crowd: float


class Counting:
    """A source that counts how often a page has to be asked for."""

    def __init__(self, inner: DatabaseSource) -> None:
        self.inner = inner
        self.asked = 0

    def snapshot(self, user_id: str) -> tuple[Snapshot, bytes] | None:
        """As the source says."""
        self.asked += 1
        return self.inner.snapshot(user_id)

    def moved(self, revisions: Mapping[str, int]) -> set[str]:
        """As the source says; the follower's question, and no page's."""
        return self.inner.moved(revisions)


def day_of(where: str) -> Day:
    """The shares for a machine that is "far", "primary, SQLite" or "primary, Postgres"."""
    return Day(_share(where, 1), _share(where, CROWD))


def _share(where: str, users: int) -> float:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "habits.db"
        fill(file, users)
        database = open_database(Address("sqlite", str(file)))
        try:
            return _lived(where, users, Store(database))
        finally:
            database.close()


def _lived(where: str, users: int, store: Store) -> float:
    midnight = datetime(2026, 11, 30, tzinfo=UTC)
    now = midnight

    def clock() -> datetime:
        return now

    source = Counting(DatabaseSource(store))
    dashboards = Dashboards(Cache(), source, lambda snapshot, at: b"<p>page</p>", clock)
    idle = None if where == "primary, SQLite" else IDLE_SECONDS
    seen: dict[str, int] = {}
    asked_for_pages = 0
    for seconds, user in _moments(users):
        now = midnight + timedelta(seconds=seconds)
        if user is None:
            dashboards.follow_quietly(idle)
        elif user.endswith("!"):
            name = user[:-1]
            with store.writing() as link:
                seen[name] = accounts.touch(link, name)
            if where != "far":
                dashboards.refresh(name)  # the primary reads its own write again at once; a far machine did not see it
        else:
            before = source.asked
            session = Session(user, 1, iat=0, seen=0)
            assert dashboards.page(session, seen.get(user, 0)) is not None
            asked_for_pages += source.asked > before
    return 1 - asked_for_pages / (users * LOADS)


def _moments(users: int) -> Iterator[tuple[float, str | None]]:
    """When something happens: a user's page load, a user's tick (name with a !), or the follower's turn (None)."""
    chance = Random(SEED)
    moments: list[tuple[float, str | None]] = [
        (FIRST + turn * FOLLOW_SECONDS, None) for turn in range(int((LAST - FIRST) / FOLLOW_SECONDS))
    ]
    for number in range(users):
        name = f"user{number:06}"
        moments += [(chance.uniform(FIRST, LAST), name) for _ in range(LOADS)]
        moments += [(chance.uniform(FIRST, LAST), f"{name}!") for _ in range(TICKS)]
    yield from sorted(moments, key=lambda moment: moment[0])
