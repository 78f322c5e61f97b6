"""Which day it is for a user: always their own date, never the server's and never UTC's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Days shown on the dashboard, and how far back a forgotten tick may be added; today is one of them.
WINDOW_DAYS = 30
# A night owl's day may start as late as this many hours after midnight.
LATEST_DAY_START = 6


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every IANA time zone this machine knows, sorted; "UTC" is always among them."""
    names = {name for name in available_timezones() if not name.startswith(("posix", "right", "Etc/", "SystemV"))}
    return tuple(sorted(names | {"UTC"}))


def is_zone(name: str) -> bool:
    """Whether `name` is a time zone this machine knows."""
    return name in zone_names()


def local_date(now: datetime, zone: str, day_start: int) -> date:
    """The user's date at the instant `now`.

    Args:
        now: an aware datetime.
        zone: IANA name, such as "Asia/Tokyo".
        day_start: hours after midnight at which the user's day begins (0 to 6).
    """
    # Subtracting from an aware datetime moves the wall clock, which is what "the day starts at 3" means on the two
    # days of the year that have 23 or 25 hours too.
    return (now.astimezone(ZoneInfo(zone)) - timedelta(hours=day_start)).date()


def day_ends(now: datetime, zone: str, day_start: int) -> float:
    """The instant at which the user's date at `now` is over, as seconds since 1970; otherwise as for `local_date`."""
    tomorrow = local_date(now, zone, day_start) + timedelta(days=1)
    first = datetime(tomorrow.year, tomorrow.month, tomorrow.day, day_start, tzinfo=ZoneInfo(zone))
    end = first.timestamp()
    # Where clocks go back over midnight, the next day begins twice.
    return end if end > now.timestamp() else first.replace(fold=1).timestamp()


def window(today: date) -> list[date]:
    """The days that can be ticked, oldest first, ending with `today`."""
    return [today - timedelta(days=back) for back in range(WINDOW_DAYS - 1, -1, -1)]


def in_window(day: date, today: date) -> bool:
    """Whether `day` may be ticked when it is `today`."""
    return timedelta(0) <= today - day < timedelta(days=WINDOW_DAYS)


def long_name(day: date) -> str:
    """For people and screen readers: "Friday 30 January 2026"."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def short_name(day: date) -> str:
    """For tight places: "Fri 30 Jan"."""
    return f"{day:%a} {day.day} {day:%b}"
