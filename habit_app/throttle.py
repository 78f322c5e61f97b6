"""How fast strangers may try: rules only, the counting is in the database.

A name is never locked for good, because then anybody could lock anybody out. Guessing one name from one address slows
down, and one address may only try so often whatever the name.
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


def seconds_to_wait(link: Connection, limit: Limit, client: str, now: datetime) -> int:
    """Seconds until `client` may try again under `limit`; 0 means now."""
    found = attempts.tally(link, f"{limit.name}:{client}")
    if found is None or found.count < limit.count:
        return 0
    return _until(found.since + limit.window, now)


def count_attempt(link: Connection, limit: Limit, client: str, now: datetime) -> None:
    """Count one attempt of `client`."""
    attempts.forget_before(link, now - _OLDEST)
    attempts.add(link, f"{limit.name}:{client}", now=now, window_start=now - limit.window)


def seconds_after_failures(link: Connection, key: str, client: str, now: datetime) -> int:
    """Seconds until `client` may try the name `key` again: 0, then 1, 2, 4 … after five failures."""
    found = attempts.tally(link, _failures(key, client))
    return 0 if found is None else _until(found.last + delay_after(found), now)


def count_failure(link: Connection, key: str, client: str, now: datetime) -> None:
    """Count a wrong password for the name `key`."""
    attempts.add(link, _failures(key, client), now=now, window_start=now - _FAILURE_MEMORY)


def forget_failures(link: Connection, key: str, client: str) -> None:
    """A right password clears the slate."""
    attempts.clear(link, _failures(key, client))


def delay_after(found: Tally) -> timedelta:
    """How long to wait after the last of these failures."""
    if found.count < _FREE_FAILURES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(found.count - _FREE_FAILURES, 20)), _LONGEST_DELAY)


def _failures(key: str, client: str) -> str:
    return f"failures:{client}:{key}"


def _until(instant: datetime, now: datetime) -> int:
    return max(0, -int((now - instant).total_seconds() // 1))
