"""Dashboards: what is known of a user, from memory or from where the data is, and the answer made from it."""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from habit_app.clock import Clock
from habit_app.days import day_ends
from habit_app.known.cache import Cache, Kept, Page
from habit_app.known.snapshot import Snapshot
from habit_app.sessions import Session
from habit_app.store.database import DatabaseUnavailable

log = logging.getLogger("habit_app")

# Four times as quick as the usual 6, for a fifth more bytes.
_EFFORT = 3

# HTML for a snapshot at an instant.
Draw = Callable[[Snapshot, datetime], bytes]
Answer = tuple[str, list[tuple[str, str]], bytes]


class Source(Protocol):
    """Where snapshots come from."""

    def snapshot(self, user_id: str) -> tuple[Snapshot, bytes] | None:
        """The user's snapshot as it is now, and encoded; None when there is no such user.

        Raises:
            DatabaseUnavailable: cannot be told now.
        """
        ...

    def moved(self, revisions: Mapping[str, int]) -> set[str]:
        """Those of the users who are at another revision by now, or gone.

        Raises:
            DatabaseUnavailable: cannot be told now.
        """
        ...


class Dashboards:
    """Finds, makes and keeps dashboards."""

    def __init__(self, cache: Cache, source: Source, draw: Draw, clock: Clock) -> None:
        """Keep them in `cache`; ask `source` for what is not there, and make pages of it with `draw`."""
        self.cache = cache
        self.source = source
        self._draw = draw
        self._clock = clock

    def prepare(self) -> None:
        """Draw a page of nobody, so that no visitor waits until templates are read and compiled."""
        self._draw(Snapshot("", "UTC", 0, 0, 0, ()), self._clock())

    def reach_quietly(self) -> None:
        """Ask about nobody, so that the first visitor's page does not wait until a connection is made."""
        try:
            self.source.moved({})
        except DatabaseUnavailable as problem:
            log.info("not reached at the start: %s", problem)

    def at_hand(self, session: Session, rev: int) -> Page | None:
        """The page for a session that has seen `rev`, if it can be shown as it is, without asking anybody."""
        now = self._clock().timestamp()
        kept = self.cache.current(session.uid, epoch=session.epoch, rev=rev, now=now)
        page = kept.page if kept else None
        return page if page and now < page.until else None

    def page(self, session: Session, rev: int) -> Page | None:
        """The page for a session that has seen `rev`. None when the session has been ended.

        Raises:
            DatabaseUnavailable: it has to be asked for, and cannot be now.
        """
        with self.cache.flight(session.uid):
            # Somebody may have made it while this request waited.
            page = self.at_hand(session, rev)
            if page is not None:
                return page
            known = self._known(session, rev)
            if known is None:
                return None
            kept, snapshot = known
            now = self._clock()
            if kept.page and now.timestamp() < kept.page.until:
                return kept.page
            html = self._draw(snapshot, now)
            body = gzip.compress(html, _EFFORT, mtime=0)
            # Of the compressed page, which is a tenth as long and as good: the same page is always compressed alike.
            etag = hashlib.sha256(body).hexdigest()[:24]
            page = Page(body, etag, day_ends(now, snapshot.zone, snapshot.day_start))
            self.cache.draw(session.uid, kept, page)
            return page

    def refresh(self, user_id: str) -> None:
        """After a change: know the user's data as it is now, so that the next page asks nobody.

        Raises:
            DatabaseUnavailable: cannot be told now; nothing is kept of the user then.
        """
        self.cache.forget(user_id)
        now = self._clock().timestamp()
        found = self.source.snapshot(user_id)
        if found is not None:
            self.cache.put(*found, now)

    def follow(self) -> int:
        """Ask which of the users in memory have moved on, drop those, and give their number; the others are fresh.

        Raises:
            DatabaseUnavailable: cannot be told now.
        """
        asked, now = self.cache.revisions(), self._clock().timestamp()
        moved = self.source.moved(asked) if asked else set()
        self.cache.follow(asked, moved, now)
        return len(moved)

    def follow_quietly(self, idle_seconds: float | None) -> None:
        """Like `follow`, for a background thread: a failure is a line in the log, and the pages grow old.

        Args:
            idle_seconds: ask no more when no page has been loaded for so long, so that a database that sleeps when
                nobody uses it can sleep; None: always ask.
        """
        idle = self._clock().timestamp() - self.cache.used
        if idle_seconds is not None and idle > idle_seconds:
            return
        try:
            self.follow()
        except DatabaseUnavailable as problem:
            log.warning("cannot tell which users have changed: %s", problem)

    def _known(self, session: Session, rev: int) -> tuple[Kept, Snapshot] | None:
        now = self._clock().timestamp()
        kept = self.cache.current(session.uid, epoch=session.epoch, rev=rev, now=now)
        if kept is not None:
            return kept, kept.snapshot()
        found = self.source.snapshot(session.uid)
        if found is None or found[0].epoch != session.epoch:
            self.cache.forget(session.uid)
            return None
        kept = self.cache.put(*found, now)
        return kept, found[0] if kept.rev == found[0].rev else kept.snapshot()


def answer(page: Page, *, accepts: str, has: str) -> Answer:
    """Status, headers of its own and body.

    Args:
        accepts: the request's Accept-Encoding.
        has: the request's If-None-Match.
    """
    packed = "gzip" in accepts and "gzip;q=0" not in accepts.replace(" ", "")
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        # The browser may keep it but must ask; a tick in another tab would otherwise go unseen.
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Cookie, Accept-Encoding"),
        ("ETag", f'"{page.etag}-gz"' if packed else f'"{page.etag}"'),
    ]
    if has and page.etag in has:
        return f"304 {HTTPStatus(304).phrase}", headers, b""
    body = page.body if packed else gzip.decompress(page.body)
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    return "200 OK", headers, body
