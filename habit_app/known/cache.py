"""What is kept of users in memory: their snapshots, and their dashboards ready to send. Bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock

from habit_app.known.snapshot import Snapshot, decode

MOST_BYTES = 16_000_000
FRESH_SECONDS = 60
# What Python takes for one entry beside its bytes: the objects, the keys, the places in two dictionaries.
_OVERHEAD = 1_500
# Requests that wait for another one to make the page they want, all users together.
_MOST_WAITING = 2
_LONGEST_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard as it is sent.

    Attributes:
        body: HTML, compressed with gzip.
        etag: changes with the body; without quotes.
        until: the instant at which the day it shows is over, seconds since 1970.
    """

    body: bytes
    etag: str
    until: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a user.

    Attributes:
        data: their snapshot, encoded.
        rev, epoch: the snapshot's.
        checked: when it was last known to be true, seconds since 1970.
        page: the dashboard made from it, when one was asked for.
    """

    data: bytes = field(repr=False)
    rev: int
    epoch: int
    checked: float
    page: Page | None = None

    @property
    def size(self) -> int:
        """Bytes it takes in memory, near enough."""
        return _OVERHEAD + len(self.data) + (len(self.page.body) if self.page else 0)

    def snapshot(self) -> Snapshot:
        """The snapshot itself."""
        return decode(self.data)


class Cache:
    """The users seen last. Safe to use from many threads; one per process."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most `most_bytes`."""
        self._most = most_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0
        self._confirmed = 0.0
        self._used = 0.0
        self._flights: dict[str, tuple[Lock, int]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """How many users are kept."""
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes they take."""
        return self._size

    @property
    def used(self) -> float:
        """When somebody last asked for anything, seconds since 1970."""
        return self._used

    def current(self, user_id: str, *, epoch: int, rev: int, now: float) -> Kept | None:
        """What is known of a user, if it suits a session of `epoch` that has seen revision `rev`, and is fresh.

        Fresh is what was true less than a minute ago by the wall clock, which also runs while a machine sleeps. A clock
        that was set back makes things look younger than they are, so what is from the future is not fresh either.
        """
        with self._lock:
            self._used = now
            kept = self._kept.get(user_id)
            if kept is None or kept.epoch != epoch or kept.rev < rev:
                return None
            age = now - max(kept.checked, self._confirmed)
            if not 0 <= age < FRESH_SECONDS:
                return None
            self._kept.move_to_end(user_id)
            return kept

    def put(self, snapshot: Snapshot, data: bytes, now: float) -> Kept:
        """Keep a snapshot, unless a newer one is already there, and give the one that is kept."""
        kept = Kept(data, snapshot.rev, snapshot.epoch, now)
        with self._lock:
            known = self._kept.get(snapshot.id)
            if known is not None and known.rev >= kept.rev and known.epoch >= kept.epoch:
                kept = known if known.rev > kept.rev else replace(known, checked=now)
            self._store(snapshot.id, kept)
            return kept

    def draw(self, user_id: str, kept: Kept, page: Page) -> None:
        """Keep the page made from `kept`, if that is still what is known."""
        with self._lock:
            known = self._kept.get(user_id)
            if known is not None and (known.rev, known.epoch) == (kept.rev, kept.epoch):
                self._store(user_id, replace(known, page=page))

    def forget(self, user_id: str) -> None:
        """Drop what is known of a user."""
        with self._lock:
            dropped = self._kept.pop(user_id, None)
            self._size -= dropped.size if dropped else 0

    def revisions(self) -> dict[str, int]:
        """The revision known of each user."""
        with self._lock:
            return {id: kept.rev for id, kept in self._kept.items()}

    def follow(self, asked: Mapping[str, int], moved: Iterable[str], now: float) -> None:
        """Somebody who knows was asked at `now` about `asked`: these have moved on, all the others are still true."""
        gone = set(moved)
        with self._lock:
            for id in gone:
                kept = self._kept.get(id)
                if kept is not None and kept.rev <= asked[id]:
                    self._size -= self._kept.pop(id).size
            self._confirmed = now

    @contextmanager
    def flight(self, user_id: str) -> Iterator[None]:
        """Let one request at a time make what is kept of a user; those that waited should look again.

        Few may wait, and not for ever: the others go and make it, too.
        """
        with self._lock:
            waiting = sum(users - 1 for _, users in self._flights.values())
            lock, users = self._flights.get(user_id, (Lock(), 0))
            alone = users > 0 and waiting >= _MOST_WAITING
            if not alone:
                self._flights[user_id] = (lock, users + 1)
        if alone:
            yield
            return
        held = lock.acquire(timeout=_LONGEST_WAIT)
        try:
            yield
        finally:
            if held:
                lock.release()
            with self._lock:
                lock, users = self._flights.pop(user_id)
                if users > 1:
                    self._flights[user_id] = (lock, users - 1)

    def _store(self, user_id: str, kept: Kept) -> None:
        known = self._kept.get(user_id)
        self._size += kept.size - (known.size if known else 0)
        self._kept[user_id] = kept
        self._kept.move_to_end(user_id)
        while self._size > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= dropped.size
