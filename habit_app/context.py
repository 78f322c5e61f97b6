"""What every request can reach: the parts the app was put together from, and who is asking."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

from flask import Response, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from habit_app.clock import Clock
from habit_app.days import local_date
from habit_app.drain import Drain
from habit_app.known.dashboards import Dashboards
from habit_app.observe.tally import USER, Tally
from habit_app.passwords import Passwords
from habit_app.sessions import Session, Sessions
from habit_app.settings import Settings
from habit_app.store import accounts, tokens
from habit_app.store.accounts import User
from habit_app.store.database import Connection, DatabaseUnavailable
from habit_app.store.store import Store

log = logging.getLogger("habit_app")


@dataclass(frozen=True)
class Services:
    """The parts of one app.

    Attributes:
        new_id: makes an identifier nobody can guess.
    """

    settings: Settings
    clock: Clock
    new_id: Callable[[], str]
    store: Store
    sessions: Sessions
    passwords: Passwords
    dashboards: Dashboards
    drain: Drain
    tally: Tally


class SignedOut(Exception):
    """The request needs a user and has none (any more)."""


def services() -> Services:
    """The parts of the app that handles this request."""
    return cast(Services, current_app.extensions["habit_app"])


def session() -> Session:
    """The request's session.

    Raises:
        SignedOut: there is none.
    """
    if g.session is None:
        raise SignedOut
    return cast(Session, g.session)


def bearer() -> str | None:
    """The token of a program that asks; only what is under /api/ takes one."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not request.path.startswith("/api/"):
        return None
    return secret.strip()


def signed_in(link: Connection) -> User:
    """The user of the request's token, or of its session.

    Raises:
        SignedOut: there is none, or the session has been ended, or the token revoked.
    """
    secret = bearer()
    if secret is not None:
        owner = tokens.owner(link, tokens.hash_of(secret))
        if owner is None:
            raise SignedOut
        request.environ[USER] = owner.id
        return owner
    current = session()
    user = accounts.by_session(link, current.uid, current.epoch)
    if user is None:
        raise SignedOut
    return user


def today_of(user: User) -> date:
    """The user's own date now."""
    return local_date(services().clock(), user.zone, user.day_start)


def wrote(response: Response, user_id: str, rev: int) -> Response:
    """A response to a write: from here on this browser sees at least revision `rev`, in every region."""
    parts = services()
    try:
        parts.dashboards.refresh(user_id)
    except DatabaseUnavailable as problem:
        log.warning("a change was saved, but reading it back failed: %s", problem)
    parts.sessions.announce(request, response, user_id, rev)
    return response


def go(place: str) -> Response:
    """Send the browser on to a page of ours, with GET."""
    return _flask(redirect(place, 303))


def _flask(response: AnyResponse) -> Response:
    return cast(Response, response)
