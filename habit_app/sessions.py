"""Who is signed in: signed cookies and nothing on the server, so that any machine can tell without asking another."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.http import parse_cookie

from habit_app.clock import Clock
from habit_app.edge.replay import Environ, RevisionCookie

# A session ends this long after the last visit, or this long after signing in, whichever comes first.
IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
# A visit only renews the cookie when the last renewal is older.
_RENEW_AFTER = timedelta(days=1)
# Long enough to outlive any page cached before the change it announces.
REVISION_SECONDS = 300
# Cookie headers whose signatures need not be checked again, and the longest that is remembered, in characters.
_MOST_HEADERS = 4_000
_LONGEST_HEADER = 1_000


@dataclass(frozen=True)
class Session:
    """A signed-in browser.

    Attributes:
        uid: user id.
        epoch: must equal the user's; signing out everywhere raises that.
        iat: when the user signed in, seconds since 1970.
        seen: when the cookie was last renewed, seconds since 1970.
    """

    uid: str
    epoch: int
    iat: int
    seen: int

    def alive(self, now: int) -> bool:
        """Whether it is not too old at `now`, seconds since 1970."""
        return now - self.iat <= LONGEST.total_seconds() and now - self.seen <= IDLE.total_seconds()


class Sessions:
    """Makes and reads the two cookies: who it is, and the newest revision of their data this browser has seen."""

    def __init__(self, secret_keys: Sequence[bytes], clock: Clock, position: Callable[[], int] = lambda: 0) -> None:
        """Sign with the first of `secret_keys`; what any of them has signed is genuine.

        `position` gives how far the database is, for machines that read copies of it; 0 where there are none.
        """
        self._keys = secret_keys
        self._position = position
        self._clock = clock
        self._session = _signer(secret_keys, "session")
        self._revision = RevisionCookie(secret_keys)
        # By Cookie header and whether it came by https, since that decides the names of the cookies.
        self._visits: dict[tuple[str, bool], tuple[Session, int]] = {}

    def read(self, request: Request) -> Session | None:
        """The request's session, if it has one that is genuine and not too old."""
        found = self._session_of(request.cookies.get(_name(request, "session")))
        return found if found and found.alive(self._now()) else None

    def visit(self, cookies: str, *, secure: bool) -> tuple[Session, int] | None:
        """Who comes with this Cookie header, and the revision they have seen at least.

        None when nobody is signed in, and when the session is due to be renewed or over: Flask sees to that. Signatures
        are checked once for each header; the time is looked at every time.
        """
        known = self._visits.get((cookies, secure))
        if known is None:
            known = self._read_header(cookies, secure)
            if len(cookies) <= _LONGEST_HEADER and known is not None:
                if len(self._visits) >= _MOST_HEADERS:
                    self._visits.clear()
                self._visits[cookies, secure] = known
        now = self._now()
        if known is None or not known[0].alive(now) or now - known[0].seen > _RENEW_AFTER.total_seconds():
            return None
        return known

    def start(self, request: Request, response: Response, uid: str, epoch: int) -> None:
        """Sign the browser in."""
        self._write(request, response, Session(uid, epoch, self._now(), self._now()))

    def renew(self, request: Request, response: Response, session: Session) -> None:
        """Count a visit, at most once a day."""
        if self._now() - session.seen > _RENEW_AFTER.total_seconds():
            self._write(request, response, Session(session.uid, session.epoch, session.iat, self._now()))

    def end(self, request: Request, response: Response) -> None:
        """Sign this browser out."""
        for name in ("session", "rev"):
            response.delete_cookie(_name(request, name), path="/", secure=request.is_secure, httponly=True)

    def announce(self, request: Request, response: Response, uid: str, rev: int) -> None:
        """Tell the browser that the user's data is at `rev` now, so that no machine shows it an older page."""
        self._set(request, response, "rev", self._revision.write(uid, rev, self._position()), REVISION_SECONDS)

    def announced(self, request: Request, session: Session) -> int:
        """The revision the browser has seen at least; 0 when it does not say."""
        return self._revision.read(request.cookies.get(_name(request, "rev")), session.uid)

    def position_of(self, environ: Environ) -> int:
        """How far the database was at the last change of the browser whose request this is; 0 when it does not say."""
        name = "__Host-rev" if environ["wsgi.url_scheme"] == "https" else "rev"
        return self._revision.position(parse_cookie(environ.get("HTTP_COOKIE", "")).get(name))

    def form_token(self, session: Session) -> str:
        """What a form carries for browsers too old to say where a request comes from.

        The same for every page of a session's epoch, so that a page may be kept.
        """
        return _form_token(self._keys[0], session)

    def is_form_token(self, session: Session, sent: str) -> bool:
        """Whether `sent` is the token of the session's forms."""
        return any(hmac.compare_digest(sent.encode(), _form_token(key, session).encode()) for key in self._keys)

    def _read_header(self, header: str, secure: bool) -> tuple[Session, int] | None:
        cookies, start = parse_cookie(header), "__Host-" if secure else ""
        found = self._session_of(cookies.get(f"{start}session"))
        return (found, self._revision.read(cookies.get(f"{start}rev"), found.uid)) if found else None

    def _session_of(self, cookie: str | None) -> Session | None:
        try:
            uid, epoch, iat, seen = self._session.loads(cookie or "")
        except (BadSignature, ValueError, TypeError):
            return None
        return Session(uid, epoch, iat, seen)

    def _write(self, request: Request, response: Response, session: Session) -> None:
        value = self._session.dumps([session.uid, session.epoch, session.iat, session.seen])
        self._set(request, response, "session", str(value), int(IDLE.total_seconds()))

    def _set(self, request: Request, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            _name(request, name),
            value,
            max_age=seconds,
            path="/",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _form_token(key: bytes, session: Session) -> str:
    message = f"form:{session.uid}:{session.epoch}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _signer(keys: Sequence[bytes], salt: str) -> URLSafeSerializer:
    # itsdangerous takes the oldest key first, and signs with the last.
    oldest_first = [*reversed(keys)]
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(oldest_first, salt, signer_kwargs=how)


def _name(request: Request, name: str) -> str:
    """Prefixed cookies are refused unless they are Secure and this very host's, so plain http cannot have one."""
    return f"__Host-{name}" if request.is_secure else name
