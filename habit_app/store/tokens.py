"""Statements about the tokens of programs. Only hashes are kept: what a token is, nobody can tell any more."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from habit_app.store.accounts import User, by_id
from habit_app.store.database import Connection

MOST_TOKENS = 20


@dataclass(frozen=True)
class Token:
    """One token, as its user sees it."""

    id: str
    name: str
    created_at: str


def hash_of(secret: str) -> str:
    """What is kept of a token. A plain hash is enough: nobody can guess 32 random bytes."""
    return hashlib.sha256(secret.encode()).hexdigest()


def of_user(link: Connection, user_id: str) -> list[Token]:
    """A user's tokens, oldest first."""
    rows = link.run("SELECT id, name, created_at FROM tokens WHERE user_id = ? ORDER BY created_at, id", user_id)
    return [Token(*row) for row in rows]


def add(link: Connection, *, id: str, user_id: str, name: str, hash: str, at: str) -> bool:
    """Keep a token; False when the user has as many as one may have."""
    if len(of_user(link, user_id)) >= MOST_TOKENS:
        return False
    link.run(
        "INSERT INTO tokens (id, user_id, name, hash, created_at) VALUES (?, ?, ?, ?, ?)", id, user_id, name, hash, at
    )
    return True


def revoke(link: Connection, user_id: str, id: str) -> bool:
    """Forget a token; False when the user has none with that id."""
    return bool(link.run("DELETE FROM tokens WHERE id = ? AND user_id = ? RETURNING id", id, user_id))


def owner(link: Connection, hash: str) -> User | None:
    """Whose token it is."""
    rows = link.run("SELECT user_id FROM tokens WHERE hash = ?", hash)
    return by_id(link, rows[0][0]) if rows else None
