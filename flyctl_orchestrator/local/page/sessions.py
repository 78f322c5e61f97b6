"""Who may use the page: a link that works once opens a session, which a cookie keeps."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

from flyctl_orchestrator.local.base.clock import Clock

LINK_SECONDS = 120.0
MOST_LINKS = 16
MOST_SESSIONS = 64


class Sessions:
    """Links and sessions, as long as the daemon lives. Only digests are kept; the platform's token is no part of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: OrderedDict[str, float] = OrderedDict()
        self._sessions: OrderedDict[str, None] = OrderedDict()

    def link(self) -> str:
        """A key that opens one session within two minutes."""
        key = secrets.token_urlsafe(32)
        self._links[_digest(key)] = self._clock.now() + LINK_SECONDS
        while len(self._links) > MOST_LINKS:
            self._links.popitem(last=False)
        return key

    def open(self, key: str) -> str | None:
        """A new session for a key, which is used up by that; None for one that is unknown, used or too old."""
        until = self._links.pop(_digest(key), None)
        if until is None or self._clock.now() > until:
            return None
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = None
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def known(self, session: str) -> bool:
        """Whether a session is open."""
        return _digest(session) in self._sessions


def _digest(text: str) -> str:
    # Looked up by digest, so that how long the answer takes says nothing about the text.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
