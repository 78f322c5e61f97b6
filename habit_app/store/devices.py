"""Statements about the browsers that send ticks, and the newest batch each of them has sent."""

from __future__ import annotations

from habit_app.store.database import Connection

# The ones seen last are kept; a forgotten one that comes back is simply new.
MOST_DEVICES = 50


def newest(link: Connection, user_id: str, device: str) -> int:
    """Number of the newest batch that came from a user's browser; 0 when none did."""
    rows = link.run("SELECT seq FROM devices WHERE user_id = ? AND device = ?", user_id, device)
    return int(rows[0][0]) if rows else 0


def accept(link: Connection, user_id: str, device: str, seq: int, at: str) -> bool:
    """Note batch `seq` as the browser's newest; False when a later one has come before it.

    The same number again is accepted: it is the same batch, and what it says of each day is a result, not a change.
    """
    known = newest(link, user_id, device)
    rows = link.run(
        "INSERT INTO devices (user_id, device, seq, seen) VALUES (?, ?, ?, ?) ON CONFLICT (user_id, device)"
        " DO UPDATE SET seq = excluded.seq, seen = excluded.seen WHERE devices.seq <= excluded.seq RETURNING seq",
        *(user_id, device, seq, at),
    )
    if rows and not known:
        link.run(
            "DELETE FROM devices WHERE user_id = ? AND device NOT IN"
            " (SELECT device FROM devices WHERE user_id = ? ORDER BY seen DESC, device LIMIT ?)",
            *(user_id, user_id, MOST_DEVICES),
        )
    return bool(rows)
