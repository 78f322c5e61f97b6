"""Over four regions and many users: every own write is in the next page, and no page is ever somebody else's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask

from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import on_fly
from tests.functional.habit_app.test_habit_far_region import TODAY, serving

FAR = ("fra", "nrt", "sin", "syd")
USERS = 20
WRITES, LOADS = 1_000, 10_000


@pytest.fixture
def regions(tmp_path: Path, clock: Moved) -> Iterator[dict[str, Flask]]:
    """The app where the database is, and where it is not: those ask it over HTTP."""
    with ExitStack() as stack:
        url = f"sqlite://{tmp_path / 'habits.db'}"
        home = stack.enter_context(
            app_at(tmp_path / "iad", clock, **on_fly("iad", DATABASE_URL=url, SIGNUPS_PER_HOUR="1000"))
        )
        port = stack.enter_context(serving(home))
        apps = {"iad": home}
        for region in FAR:
            variables = on_fly(region, FLY_LOCAL_INTERNAL=f"127.0.0.1:{port}")
            apps[region] = stack.enter_context(app_at(tmp_path / region, clock, **variables))
        yield apps


class Traveller:
    """One browser that is at another machine with every request; its jar goes with it."""

    def __init__(self, regions: dict[str, Flask], number: int) -> None:
        self.at = {region: Browser(app) for region, app in regions.items()}
        self.name = f"Habit of user {number:02}"
        self.home = self.at["iad"].sign_up(f"user-{number}")
        self.habit = self.home.add_habit(self.name)

    def page(self, region: str) -> str:
        there = self.at[region]
        for name in ("session", "rev"):
            there.client.set_cookie(name, self.home.cookie(name) or "")
        return there.page()


@pytest.mark.timeout(600)
def test_own_writes_are_seen_everywhere_and_nobody_elses_page_is(regions: dict[str, Flask]) -> None:
    dice = random.Random(12)
    users = [Traveller(regions, number) for number in range(USERS)]
    done = dict.fromkeys(users, False)
    for number in range(WRITES):
        user = dice.choice(users)
        done[user] = not done[user]
        assert user.home.tick(user.habit, TODAY, done[user]).status_code == 200
        page = user.page(dice.choice(FAR))
        assert (f'data-day="{TODAY}" aria-pressed="true"' in page) is done[user], number
    names = {user.name for user in users}
    for number in range(LOADS):
        user = dice.choice(users)
        page = user.page(dice.choice((*FAR, "iad")))
        assert {name for name in names if name in page} == {user.name}, number
