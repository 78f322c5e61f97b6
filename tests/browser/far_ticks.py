"""The habit app with slow networks between its regions, and what people in Tokyo do right after ticking everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.chrome import all_saved
from tests.e2e.laptop import Laptop, habit_app

HABITS = ("Read", "Walk", "Write", "Swim", "Sleep", "Stretch", "Juggle")
EVERY = 30 * len(HABITS)
_EVERYTHING = "() => document.querySelectorAll('.days button').forEach((button) => button.click())"


@dataclass(frozen=True)
class Far:
    """The app in three regions, the network between them as slow as it is.

    Attributes:
        url: where a browser in Tokyo finds it; what it writes is made in Virginia.
        database: the SQLite file that plays the database outside.
    """

    url: str
    database: Path


@contextmanager
def far_away(root: Path) -> Iterator[Far]:
    """The app, deployed to a local platform of its own in `root` by `flyo deploy`, for as long as the block lasts."""
    database, project = root / "outside.db", habit_app(root / "habits")
    laptop = Laptop(root)
    laptop.ok("local", "up")
    try:
        laptop.ok("secrets", "generate", "SECRET_KEY", "--local", cwd=project)
        laptop.ok("secrets", "set", "DATABASE_URL", "--stdin", "--local", cwd=project, stdin=f"sqlite:///{database}")
        laptop.ok("deploy", "--local", cwd=project)
        laptop.manage("PUT", "/_local/settings", {"delays": True})
        yield Far(f"http://nrt.habit-tracker.localhost:{laptop.port}", database)
    finally:
        laptop.ok("local", "down")


def reload(page: Page) -> Page:
    """The moment after the last tick, in the same task."""
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({_EVERYTHING})(); location.reload(); }}")
    return page


def leave(page: Page) -> Page:
    """For another site, and come back later."""
    url = page.url
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({_EVERYTHING})(); location.assign('about:blank'); }}")
    page.goto(url)
    return page


def close(page: Page) -> Page:
    """The tab, as soon as the last tick is painted."""
    url, context = page.url, page.context
    page.evaluate(_EVERYTHING)
    page.close()
    page = context.new_page()
    page.goto(url)
    return page


def offline(page: Page) -> Page:
    """In a tunnel: tick, reload, and only then get out of it."""
    page.context.set_offline(True)
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({_EVERYTHING})(); location.reload(); }}")
    expect(page.locator(".days [data-unsaved]")).to_have_count(EVERY)
    page.context.set_offline(False)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    return page


def stay(page: Page) -> Page:
    """Just wait."""
    page.evaluate(_EVERYTHING)
    return page


WAYS: tuple[Callable[[Page], Page], ...] = (reload, leave, close, offline, stay)


@dataclass(frozen=True)
class Tried:
    """What became of one way to leave.

    Attributes:
        way: its name.
        ticks: how many there were.
        lost: how many days do not stand in the database as they were ticked.
        shown: how many days the page shows as done in the end.
        expected: how many that should be.
    """

    way: str
    ticks: int
    lost: int
    shown: int
    expected: int


def leave_for_good(page: Page) -> None:
    """Tick everything and leave for another site in the same task, and do not come back."""
    with page.expect_navigation():
        page.evaluate(f"() => {{ ({_EVERYTHING})(); location.assign('about:blank'); }}")


def try_all(page: Page, far: Far, user: str) -> Iterator[Tried]:
    """Tick every day of every habit of a new user, once for each way to leave: all are done, then none, then all …"""
    # The worker has to be in charge before the tunnel comes.
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    for number, way in enumerate(WAYS, 1):
        page = way(page)
        all_saved(page)
        expected = EVERY * (number % 2)
        expect(page.locator(".days button")).to_have_count(EVERY)
        shown = page.locator(".days [aria-pressed=true]").count()
        yield Tried(way.__name__, EVERY, abs(expected - done(far, user)), shown, expected)


def done(far: Far, user: str) -> int:
    """A user's ticks in the database."""
    with closing(sqlite3.connect(far.database)) as link:
        [(count,)] = link.execute(
            "SELECT count(*) FROM entries JOIN habits ON habits.id = entries.habit_id"
            " JOIN users ON users.id = habits.user_id WHERE users.name = ?",
            (user,),
        ).fetchall()
    return int(count)
