"""Statements that count attempts, so that guessing is slow. Writes happen in one region, so this counts all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from habit_app.clock import parse_stamp, stamp
from habit_app.store.database import Connection, Row


@dataclass(frozen=True)
class Tally:
    """Attempts counted in one bucket since its window began."""

    count: int
    since: datetime
    last: datetime


def tally(link: Connection, bucket: str) -> Tally | None:
    """What a bucket holds."""
    rows = link.run("SELECT count, since, last FROM attempts WHERE bucket = ?", bucket)
    return _tally(rows[0]) if rows else None


def add(link: Connection, bucket: str, *, now: datetime, window_start: datetime) -> Tally:
    """Count one attempt and give what the bucket holds then; a window that began before `window_start` starts anew.

    One statement, so that of attempts at the same moment each gets a number of its own.
    """
    rows = link.run(
        "INSERT INTO attempts (bucket, count, since, last) VALUES (?, 1, ?, ?) ON CONFLICT (bucket) DO UPDATE SET"
        " count = CASE WHEN attempts.since < ? THEN 1 ELSE attempts.count + 1 END,"
        " since = CASE WHEN attempts.since < ? THEN excluded.since ELSE attempts.since END,"
        " last = excluded.last RETURNING count, since, last",
        *(bucket, stamp(now), stamp(now), stamp(window_start), stamp(window_start)),
    )
    return _tally(rows[0])


def add_if(link: Connection, bucket: str, found: Tally | None, *, now: datetime, anew: bool) -> bool:
    """Count one attempt if the bucket still holds `found`; False when somebody else has counted one meanwhile.

    `anew` begins a new window.
    """
    if found is None:
        insert = "INSERT INTO attempts (bucket, count, since, last) VALUES (?, 1, ?, ?)"
        return bool(link.run(f"{insert} ON CONFLICT DO NOTHING RETURNING count", bucket, stamp(now), stamp(now)))
    count, since = (1, now) if anew else (found.count + 1, found.since)
    rows = link.run(
        "UPDATE attempts SET count = ?, since = ?, last = ? WHERE bucket = ? AND count = ? AND last = ?"
        " RETURNING count",
        *(count, stamp(since), stamp(now), bucket, found.count, stamp(found.last)),
    )
    return bool(rows)


def clear(link: Connection, bucket: str) -> None:
    """Forget a bucket."""
    link.run("DELETE FROM attempts WHERE bucket = ?", bucket)


def forget_before(link: Connection, instant: datetime) -> None:
    """Forget buckets nobody has added to since `instant`."""
    link.run("DELETE FROM attempts WHERE last < ?", stamp(instant))


def _tally(row: Row) -> Tally:
    return Tally(int(row[0]), parse_stamp(row[1]), parse_stamp(row[2]))
