"""Cached pages: when they may be shown, and one maker at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from habit_app.cache import Page, PageCache
from tests.waiting import eventually

NOON = datetime(2026, 1, 30, 12, 0, tzinfo=UTC)
PAGE = Page(
    rev=7,
    epoch=2,
    zone="UTC",
    day_start=0,
    today=date(2026, 1, 30),
    html=b"<p>",
    etag="e",
    checked_at=NOON,
)


def test_a_page_suits_who_has_seen_no_more_than_it_shows() -> None:
    assert PAGE.shows(epoch=2, rev=7, now=NOON)
    assert PAGE.shows(epoch=2, rev=0, now=NOON)
    assert not PAGE.shows(epoch=2, rev=8, now=NOON)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_page_of_another_epoch_is_not_shown(epoch: int) -> None:
    assert not PAGE.shows(epoch=epoch, rev=7, now=NOON)


def test_yesterdays_page_is_not_shown_however_young() -> None:
    late = replace(PAGE, checked_at=datetime(2026, 1, 30, 23, 59, 50, tzinfo=UTC))
    after_midnight = late.checked_at + timedelta(seconds=15)
    assert late.fresh(after_midnight)
    assert not late.shows(epoch=2, rev=7, now=after_midnight)


def test_midnight_is_the_users_own() -> None:
    tokyo = replace(PAGE, zone="Asia/Tokyo")
    assert not tokyo.shows(epoch=2, rev=7, now=NOON + timedelta(hours=4))
    assert PAGE.shows(epoch=2, rev=7, now=NOON + timedelta(hours=4))


def test_fresh_for_a_minute_of_wall_time() -> None:
    assert PAGE.fresh(NOON + timedelta(seconds=59))
    assert not PAGE.fresh(NOON + timedelta(seconds=60))


def test_a_page_from_the_future_is_not_fresh() -> None:
    assert not PAGE.fresh(NOON - timedelta(seconds=1))


def test_users_do_not_share_pages() -> None:
    cache = PageCache()
    cache.put("ada", PAGE)
    assert cache.get("ada") == PAGE
    assert cache.get("bob") is None


def test_a_slow_maker_does_not_replace_a_newer_page() -> None:
    cache = PageCache()
    cache.put("ada", PAGE)
    cache.put("ada", replace(PAGE, rev=6))
    assert cache.get("ada") == PAGE


def test_the_user_seen_longest_ago_makes_room() -> None:
    cache = PageCache(most=2)
    cache.put("ada", PAGE)
    cache.put("bob", PAGE)
    cache.get("ada")
    cache.put("eve", PAGE)
    assert [cache.get(name) is None for name in ("ada", "bob", "eve")] == [False, True, False]


def test_one_maker_per_user_at_a_time() -> None:
    cache = PageCache()
    inside = made = most = 0

    def visit() -> Page:
        nonlocal inside, made, most
        with cache.flight("ada"):
            inside += 1
            most = max(most, inside)
            page = cache.get("ada")
            if page is None:
                made += 1
                eventually(lambda: cache._flights["ada"][1] == 8)  # everybody else is at the door by now
                page = PAGE
                cache.put("ada", page)
            inside -= 1
        return page

    with ThreadPoolExecutor(8) as pool:
        pages = [future.result() for future in [pool.submit(visit) for _ in range(8)]]
    assert pages == [PAGE] * 8
    assert (most, made) == (1, 1)
    assert cache._flights == {}


def test_users_do_not_wait_for_each_other() -> None:
    cache = PageCache()
    with cache.flight("ada"), cache.flight("bob"):
        assert set(cache._flights) == {"ada", "bob"}
