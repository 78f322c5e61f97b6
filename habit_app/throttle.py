"""How fast strangers may try: rules only, the counting is in the database.

A name is never locked for good, because then anybody could lock anybody out. Guessing one name from one address slows
down, and one address may only try so often whatever the name. Guessing from many addresses at once slows down, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from habit_app.store import attempts
from habit_app.store.attempts import Tally
from habit_app.store.database import Connection

_FREE_FAILURES = 5
_LONGEST_DELAY = timedelta(minutes=5)
# Of one name by everybody together. The wait is short, so that others can slow a user down and not keep them out.
_FREE_FOR_ALL = 30
_LONGEST_FOR_ALL = timedelta(seconds=10)
# A /48 may do what so many of its /64 may.
_WIDE = 8
# How often to look again when somebody else was counted at the same moment.
_TRIES = 8
_FAILURE_MEMORY = timedelta(hours=1)
# Nothing older matters to any rule.
_OLDEST = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `count` attempts in any one window."""

    name: str
    count: int
    window: timedelta


LOGINS = Limit("login", 20, timedelta(minutes=5))


def signups(per_hour: int) -> Limit:
    """New accounts from one address."""
    return Limit("signup", per_hour, timedelta(hours=1))


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 an IPv6 customer owns."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def wide_network(address: str) -> str | None:
    """The /48 that a client's IPv6 address is in, since whoever has one has 65,536 networks; None for IPv4."""
    found = network(address)
    return str(ip_network(found).supernet(new_prefix=48)) if found.endswith("/64") else None


def attempt(link: Connection, limit: Limit, address: str, now: datetime) -> int:
    """Count one attempt from `address`, and give the seconds until it may try again under `limit`; 0: it may now.

    It is counted before it is judged, so that many at the same moment are not all let in.
    """
    attempts.forget_before(link, now - _OLDEST)
    buckets = [(network(address), limit.count)]
    if (wide := wide_network(address)) is not None:
        buckets.append((wide, limit.count * _WIDE))
    wait = 0
    for client, most in buckets:
        found = attempts.add(link, f"{limit.name}:{client}", now=now, window_start=now - limit.window)
        if found.count > most:
            wait = max(wait, _until(found.since + limit.window, now))
    return wait


def guess(link: Connection, key: str, address: str, now: datetime) -> int:
    """Count one guess at the password of the name `key`; gives the seconds to wait instead, when it comes too soon.

    Counted before the password is looked at, so that guesses at the same moment cannot share a place; `forget_guesses`
    takes it back when it was right.
    """
    wait = 0
    for bucket, free, longest in _buckets(key, address):
        for _ in range(_TRIES):
            found = attempts.tally(link, bucket)
            old = found is not None and found.since < now - _FAILURE_MEMORY
            wait = 0 if found is None or old else _until(found.last + delay_after(found, free, longest), now)
            if wait or attempts.add_if(link, bucket, found, now=now, anew=old):
                break
        else:
            wait = 1
        if wait:
            return wait
    return 0


def forget_guesses(link: Connection, key: str, address: str) -> None:
    """A right password clears the slate."""
    for bucket, _, _ in _buckets(key, address):
        attempts.clear(link, bucket)


def delay_after(found: Tally, free: int = _FREE_FAILURES, longest: timedelta = _LONGEST_DELAY) -> timedelta:
    """How long to wait after the last of these guesses: nothing after `free`, then 1, 2, 4 ... seconds."""
    if found.count < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(found.count - free, 20)), longest)


def _buckets(key: str, address: str) -> list[tuple[str, int, timedelta]]:
    """Where guesses at a name are counted: from one address, and from all together."""
    return [
        (f"failures:{network(address)}:{key}", _FREE_FAILURES, _LONGEST_DELAY),
        (f"failures:*:{key}", _FREE_FOR_ALL, _LONGEST_FOR_ALL),
    ]


def _until(instant: datetime, now: datetime) -> int:
    return max(0, -int((now - instant).total_seconds() // 1))
