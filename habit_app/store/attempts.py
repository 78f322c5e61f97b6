"""Statements that count attempts, so that guessing is slow. Writes happen in one region, so this counts all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from habit_app.clock import parse_stamp, stamp
from habit_app.store.database import Connection


@dataclass(frozen=True)
class Tally:
    """Attempts counted in one bucket since its window began."""

    count: int
    since: datetime
    last: datetime


def tally(link: Connection, bucket: str) -> Tally | None:
    """What a bucket holds."""
    rows = link.run("SELECT count, since, last FROM attempts WHERE bucket = ?", bucket)
    return Tally(rows[0][0], parse_stamp(rows[0][1]), parse_stamp(rows[0][2])) if rows else None


def add(link: Connection, bucket: str, *, now: datetime, window_start: datetime) -> int:
    """Count one attempt and give the total; a window that began before `window_start` starts anew."""
    rows = link.run(
        "INSERT INTO attempts (bucket, count, since, last) VALUES (?, 1, ?, ?) ON CONFLICT (bucket) DO UPDATE SET"
        " count = CASE WHEN attempts.since < ? THEN 1 ELSE attempts.count + 1 END,"
        " since = CASE WHEN attempts.since < ? THEN excluded.since ELSE attempts.since END,"
        " last = excluded.last RETURNING count",
        *(bucket, stamp(now), stamp(now), stamp(window_start), stamp(window_start)),
    )
    return int(rows[0][0])


def clear(link: Connection, bucket: str) -> None:
    """Forget a bucket."""
    link.run("DELETE FROM attempts WHERE bucket = ?", bucket)


def forget_before(link: Connection, instant: datetime) -> None:
    """Forget buckets nobody has added to since `instant`."""
    link.run("DELETE FROM attempts WHERE last < ?", stamp(instant))
