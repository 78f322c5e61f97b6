"""Who is signed in: signed cookies and nothing on the server, so that any machine can tell without asking another."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from flask import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from habit_app.clock import Clock

# A session ends this long after the last visit, or this long after signing in, whichever comes first.
IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
# A visit only renews the cookie when the last renewal is older.
_RENEW_AFTER = timedelta(days=1)
# Long enough to outlive any page cached before the change it announces.
REVISION_SECONDS = 300


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


class Sessions:
    """Makes and reads the two cookies: who it is, and the newest revision of their data this browser has seen."""

    def __init__(self, secret_key: bytes, clock: Clock) -> None:
        """Sign with `secret_key`."""
        self._key = secret_key
        self._clock = clock
        self._session = _signer(secret_key, "session")
        self._revision = _signer(secret_key, "revision")

    def read(self, request: Request) -> Session | None:
        """The request's session, if it has one that is genuine and not too old."""
        try:
            uid, epoch, iat, seen = self._session.loads(request.cookies[_name(request, "session")])
        except (KeyError, BadSignature, ValueError, TypeError):
            return None
        now = self._now()
        if now - iat > LONGEST.total_seconds() or now - seen > IDLE.total_seconds():
            return None
        return Session(uid, epoch, iat, seen)

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
        self._set(request, response, "rev", str(self._revision.dumps([uid, rev])), REVISION_SECONDS)

    def announced(self, request: Request, session: Session) -> int:
        """The revision the browser has seen at least; 0 when it does not say."""
        try:
            uid, rev = self._revision.loads(request.cookies[_name(request, "rev")])
        except (KeyError, BadSignature, ValueError, TypeError):
            return 0
        return int(rev) if uid == session.uid else 0

    def form_token(self, session: Session) -> str:
        """What a form carries for browsers too old to say where a request comes from.

        The same for every page of a session's epoch, so that a page may be cached.
        """
        message = f"form:{session.uid}:{session.epoch}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

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


def _signer(key: bytes, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256})


def _name(request: Request, name: str) -> str:
    """Prefixed cookies are refused unless they are Secure and this very host's, so plain http cannot have one."""
    return f"__Host-{name}" if request.is_secure else name
