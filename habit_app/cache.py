"""Dashboards kept in memory, one per user, until something says they are old."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock

from habit_app.days import local_date

MOST_PAGES = 2_000
FRESH = timedelta(seconds=60)


@dataclass(frozen=True)
class Page:
    """A rendered dashboard and what it depends on.

    Attributes:
        rev, epoch: the user's, read before anything else on the page was.
        zone, day_start: the user's, to tell their date without asking the database.
        today: the date the page shows.
        html, etag: what is sent.
        checked_at: when it was last known to be true.
    """

    rev: int
    epoch: int
    zone: str
    day_start: int
    today: date
    html: bytes
    etag: str
    checked_at: datetime

    def shows(self, *, epoch: int, rev: int, now: datetime) -> bool:
        """Whether the page suits a session of `epoch` that has seen revision `rev`, on the user's date at `now`."""
        return self.epoch == epoch and self.rev >= rev and self.today == local_date(now, self.zone, self.day_start)

    def fresh(self, now: datetime) -> bool:
        """Whether it was checked less than a minute ago by the wall clock, which also runs while a machine sleeps.

        A clock that was set back makes a page look younger than it is, so one from the future is not fresh either.
        """
        return timedelta(0) <= now - self.checked_at < FRESH


class PageCache:
    """The pages of the users seen last. Safe to use from many threads; one per process."""

    def __init__(self, most: int = MOST_PAGES) -> None:
        """Keep at most `most` pages."""
        self._most = most
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._flights: dict[str, tuple[Lock, int]] = {}
        self._lock = Lock()

    def get(self, user_id: str) -> Page | None:
        """The user's page, however old."""
        with self._lock:
            page = self._pages.get(user_id)
            if page is not None:
                self._pages.move_to_end(user_id)
            return page

    def put(self, user_id: str, page: Page) -> None:
        """Keep a page, unless a newer one is already there."""
        with self._lock:
            kept = self._pages.get(user_id)
            if kept is not None and kept.rev > page.rev and kept.epoch >= page.epoch:
                return
            self._pages[user_id] = page
            self._pages.move_to_end(user_id)
            while len(self._pages) > self._most:
                self._pages.popitem(last=False)

    def confirm(self, user_id: str, page: Page, now: datetime) -> None:
        """The page is still true at `now`."""
        self.put(user_id, replace(page, checked_at=now))

    def forget(self, user_id: str) -> None:
        """Drop the user's page."""
        with self._lock:
            self._pages.pop(user_id, None)

    @contextmanager
    def flight(self, user_id: str) -> Iterator[None]:
        """Let one request at a time make a user's page; the ones that waited should look in the cache again."""
        with self._lock:
            lock, users = self._flights.get(user_id, (Lock(), 0))
            self._flights[user_id] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._flights.pop(user_id)
                if users > 1:
                    self._flights[user_id] = (lock, users - 1)
