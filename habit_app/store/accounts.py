"""Statements about users."""

from __future__ import annotations

from dataclasses import dataclass, field

from habit_app.store.database import Connection


@dataclass(frozen=True)
class User:
    """One account.

    Attributes:
        zone, day_start: what decides the user's date.
        epoch: sessions from an earlier epoch are signed out.
        rev: goes up with every change to anything of the user's.
    """

    id: str
    name: str
    password_hash: str = field(repr=False)
    zone: str
    day_start: int
    epoch: int
    rev: int


_COLUMNS = "id, name, password_hash, zone, day_start, epoch, rev"


def add(link: Connection, *, id: str, name: str, key: str, password_hash: str, zone: str, at: str) -> User | None:
    """Add a user; None when the name is taken (by `key`, its folded form)."""
    rows = link.run(
        "INSERT INTO users (id, name, name_key, password_hash, zone, day_start, created_at)"
        f" VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT (name_key) DO NOTHING RETURNING {_COLUMNS}",
        *(id, name, key, password_hash, zone, at),
    )
    return User(*rows[0]) if rows else None


def by_key(link: Connection, key: str) -> User | None:
    """The user with that folded name."""
    rows = link.run(f"SELECT {_COLUMNS} FROM users WHERE name_key = ?", key)
    return User(*rows[0]) if rows else None


def by_session(link: Connection, id: str, epoch: int) -> User | None:
    """The user a session belongs to; None when the account is gone or the session was signed out."""
    rows = link.run(f"SELECT {_COLUMNS} FROM users WHERE id = ? AND epoch = ?", id, epoch)
    return User(*rows[0]) if rows else None


def by_id(link: Connection, id: str) -> User | None:
    """The user with that id."""
    rows = link.run(f"SELECT {_COLUMNS} FROM users WHERE id = ?", id)
    return User(*rows[0]) if rows else None


def touch(link: Connection, id: str) -> int:
    """Count one change to the user's things, and give the new revision."""
    return int(link.run("UPDATE users SET rev = rev + 1 WHERE id = ? RETURNING rev", id)[0][0])


def rev(link: Connection, id: str) -> int:
    """The user's revision now."""
    return int(link.run("SELECT rev FROM users WHERE id = ?", id)[0][0])


def set_calendar(link: Connection, id: str, zone: str, day_start: int) -> None:
    """Change what decides the user's date. Call `touch` in the same transaction."""
    link.run("UPDATE users SET zone = ?, day_start = ? WHERE id = ?", zone, day_start, id)


def set_password_hash(link: Connection, id: str, password_hash: str) -> None:
    """Replace the hash of the same password, made with newer parameters."""
    link.run("UPDATE users SET password_hash = ? WHERE id = ?", password_hash, id)


def sign_out_everywhere(link: Connection, id: str) -> int:
    """End every session, and give the epoch new ones belong to."""
    return int(link.run("UPDATE users SET epoch = epoch + 1, rev = rev + 1 WHERE id = ? RETURNING epoch", id)[0][0])


def change_password(link: Connection, id: str, old_hash: str, new_hash: str) -> tuple[int, int] | None:
    """Another password, and the end of every session: gives epoch and revision; None when it is not `old_hash` now."""
    rows = link.run(
        "UPDATE users SET password_hash = ?, epoch = epoch + 1, rev = rev + 1 WHERE id = ? AND password_hash = ?"
        " RETURNING epoch, rev",
        *(new_hash, id, old_hash),
    )
    return (int(rows[0][0]), int(rows[0][1])) if rows else None


def delete(link: Connection, id: str) -> None:
    """Delete a user and, with them, everything of theirs."""
    link.run("DELETE FROM users WHERE id = ? RETURNING id", id)
