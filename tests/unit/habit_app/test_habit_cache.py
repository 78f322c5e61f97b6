"""What is kept of users: when it may be shown, how much of it, and one maker at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from habit_app.known.cache import FRESH_SECONDS, Cache, Kept, Page
from habit_app.known.snapshot import Snapshot
from tests.waiting import eventually

NOW = 1_769_774_400.0
PAGE = Page(b"<p>", "e", NOW + 3600)


def snapshot(user: str = "ada", rev: int = 7, epoch: int = 2) -> Snapshot:
    """A user without habits."""
    return Snapshot(user, "UTC", 0, epoch, rev, ())


def keep(cache: Cache, user: str = "ada", rev: int = 7, epoch: int = 2, now: float = NOW) -> Kept:
    """Put a user into the cache."""
    made = snapshot(user, rev, epoch)
    return cache.put(made, made.encode(), now)


def known(cache: Cache, user: str = "ada", *, epoch: int = 2, rev: int = 7, now: float = NOW) -> bool:
    """Whether the cache has something for such a session."""
    return cache.current(user, epoch=epoch, rev=rev, now=now) is not None


def test_it_suits_who_has_seen_no_more_than_it_shows() -> None:
    cache = Cache()
    keep(cache)
    assert known(cache, rev=7)
    assert known(cache, rev=0)
    assert not known(cache, rev=8)


@pytest.mark.parametrize("epoch", [1, 3])
def test_another_epochs_session_gets_nothing(epoch: int) -> None:
    cache = Cache()
    keep(cache)
    assert not known(cache, epoch=epoch)


def test_it_is_fresh_for_a_minute_of_wall_time() -> None:
    cache = Cache()
    keep(cache)
    assert known(cache, now=NOW + FRESH_SECONDS - 0.001)
    assert not known(cache, now=NOW + FRESH_SECONDS)


def test_what_is_from_the_future_is_not_fresh() -> None:
    cache = Cache()
    keep(cache)
    assert not known(cache, now=NOW - 1)


def test_users_do_not_share() -> None:
    cache = Cache()
    keep(cache)
    assert not known(cache, "bob")


def test_a_slow_maker_does_not_replace_what_is_newer() -> None:
    cache = Cache()
    keep(cache, rev=7)
    assert keep(cache, rev=6).rev == 7
    assert known(cache, rev=7)


def test_a_page_is_kept_with_what_it_was_made_from_only() -> None:
    cache = Cache()
    old = keep(cache, rev=7)
    keep(cache, rev=8)
    cache.draw("ada", old, PAGE)
    current = cache.current("ada", epoch=2, rev=8, now=NOW)
    assert current
    assert current.page is None
    cache.draw("ada", current, PAGE)
    drawn = cache.current("ada", epoch=2, rev=8, now=NOW)
    assert drawn
    assert drawn.page == PAGE


def test_the_same_revision_again_is_fresh_again_and_keeps_its_page() -> None:
    cache = Cache()
    cache.draw("ada", keep(cache), PAGE)
    keep(cache, now=NOW + 300)
    again = cache.current("ada", epoch=2, rev=7, now=NOW + 301)
    assert again
    assert again.page == PAGE


def test_it_is_bounded_in_bytes_and_the_user_seen_longest_ago_makes_room() -> None:
    size = keep(Cache()).size
    cache = Cache(most_bytes=2 * size)
    keep(cache, "ada")
    keep(cache, "bob")
    known(cache, "ada")
    keep(cache, "eve")
    assert [known(cache, name) for name in ("ada", "bob", "eve")] == [True, False, True]
    assert cache.size == 2 * size
    # A page counts, too.
    cache.draw("ada", keep(cache, "ada"), Page(b"x" * size, "e", NOW))
    assert [known(cache, name) for name in ("ada", "eve")] == [True, False]
    assert cache.size == 2 * size
    cache.forget("ada")
    assert (cache.size, len(cache)) == (0, 0)


def test_an_answer_in_one_piece_confirms_all_but_those_that_moved() -> None:
    cache = Cache()
    for name in ("ada", "bob", "eve"):
        keep(cache, name)
    asked = cache.revisions()
    assert asked == {"ada": 7, "bob": 7, "eve": 7}
    keep(cache, "eve", rev=9)  # made anew while the question was under way
    cache.follow(asked, {"bob", "eve"}, NOW + 50)
    later = NOW + 100
    assert known(cache, "ada", now=later)
    assert not known(cache, "bob", now=later)
    assert known(cache, "eve", rev=9, now=later)


def test_one_maker_per_user_at_a_time_and_few_who_wait() -> None:
    cache = Cache()
    made, go_on = Event(), Event()

    def make() -> str:
        with cache.flight("ada"):
            made.set()
            go_on.wait(20)
            return "made"

    def wait() -> str:
        with cache.flight("ada"):
            return "made" if go_on.is_set() else "alone"

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(make)
        assert made.wait(20)
        waiting = [pool.submit(wait) for _ in range(2)]
        eventually(lambda: cache._flights["ada"][1] == 3)
        # There is no room for a third who waits: it does not wait.
        assert pool.submit(wait).result() == "alone"
        go_on.set()
        assert [future.result() for future in (first, *waiting)] == ["made"] * 3
    assert cache._flights == {}


def test_users_do_not_wait_for_each_other() -> None:
    cache = Cache()
    with cache.flight("ada"), cache.flight("bob"):
        assert set(cache._flights) == {"ada", "bob"}
