"""Time, as the app sees it: one function that is handed in, so that tests own it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

# Gives the current instant as an aware datetime in UTC.
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's own wall clock, in UTC.

    Wall time on purpose: a monotonic clock stands still while a machine is suspended, so a page cached last night
    would look seconds old in the morning.
    """
    return datetime.now(UTC)


def stamp(instant: datetime) -> str:
    """`instant` as text for the database: UTC, fixed width, so that text order is time order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_stamp(text: str) -> datetime:
    """The instant behind a text made by `stamp`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
