"""When a dashboard comes from memory. What is true is told apart by changing the database behind the app's back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from habit_app.store import accounts, habits
from habit_app.store.address import parse_address
from habit_app.store.database import open_database
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_postgres import Cluster

TODAY = date(2026, 1, 30)


def rename_behind_its_back(url: str, habit: str, *, counted: bool = True) -> None:
    """Another machine renames ada's habit to "Changed"; `counted` says whether the revision goes up, as it should."""
    database = open_database(parse_address(url))
    with database.writing() as link:
        user = accounts.by_key(link, "ada")
        found = user and habits.find(link, user.id, habit)
        assert user and found
        habits.change(link, user.id, habit, "Changed", found.schedule)
        if counted:
            accounts.touch(link, user.id)
    database.close()


def test_a_page_is_kept_for_a_minute(ada: Browser, database_url: str, clock: Moved) -> None:
    habit = ada.add_habit("Read")
    assert "Read" in ada.page()
    rename_behind_its_back(database_url, habit)
    clock.move(seconds=59)
    assert "Changed" not in ada.page()
    clock.move(seconds=1)
    assert "Changed" in ada.page()


def test_after_a_minute_one_small_question_is_enough(ada: Browser, database_url: str, clock: Moved) -> None:
    habit = ada.add_habit("Read")
    assert "Read" in ada.page()
    # Nothing of ours changes a habit without counting, so this shows that only the count was looked at.
    rename_behind_its_back(database_url, habit, counted=False)
    clock.move(seconds=61)
    assert "Changed" not in ada.page()


def test_ones_own_write_is_seen_at_once(ada: Browser) -> None:
    habit = ada.add_habit()
    assert ada.done() == []
    ada.tick(habit, TODAY)
    assert ada.done() == ["2026-01-30"]


def test_the_same_browser_at_another_machine(
    app: Flask, ada: Browser, tmp_path: Path, database_url: str, clock: Moved
) -> None:
    habit = ada.add_habit()
    with app_at(tmp_path / "other", clock, DATABASE_URL=database_url) as other:
        elsewhere = Browser(other)
        for name in ("session", "rev"):
            elsewhere.client.set_cookie(name, ada.cookie(name) or "")
        assert elsewhere.done() == []
        ada.tick(habit, TODAY)
        assert elsewhere.done() == []  # it has not heard of the tick
        elsewhere.client.set_cookie("rev", ada.cookie("rev") or "")
        assert elsewhere.done() == ["2026-01-30"]


def test_a_forged_revision_changes_nothing(ada: Browser, database_url: str) -> None:
    habit = ada.add_habit("Read")
    assert "Read" in ada.page()
    rename_behind_its_back(database_url, habit)
    ada.client.set_cookie("rev", "WyJhIiw5OTk5OTld.AAAA")
    assert "Changed" not in ada.page()


def test_midnight_makes_a_new_page(ada: Browser, clock: Moved) -> None:
    clock.move(hours=11, minutes=59, seconds=50)
    assert "Friday, 30 January" in ada.page()
    clock.move(seconds=15)
    assert "Saturday, 31 January" in ada.page()


def test_a_machine_that_slept_does_not_show_last_nights_page(ada: Browser, database_url: str, clock: Moved) -> None:
    habit = ada.add_habit("Read")
    assert "Read" in ada.page()
    rename_behind_its_back(database_url, habit)
    clock.move(hours=3)
    assert "Changed" in ada.page()


def test_a_browser_asks_and_is_told_that_nothing_changed(ada: Browser) -> None:
    habit = ada.add_habit()
    first = ada.get("/dashboard")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first.headers["Vary"]
    etag = first.headers["ETag"]
    again = ada.get("/dashboard", If_None_Match=etag)
    assert (again.status_code, again.data) == (304, b"")
    ada.tick(habit, TODAY)
    changed = ada.get("/dashboard", If_None_Match=etag)
    assert (changed.status_code, changed.headers["ETag"] != etag) == (200, True)


def test_users_never_get_each_others_pages(app: Flask) -> None:
    people = {name: Browser(app).sign_up(name) for name in ("ada", "bob")}
    for name, browser in people.items():
        browser.add_habit(f"The habit of {name}")
    for _ in range(2):
        for name, browser in people.items():
            other = {"ada": "bob", "bob": "ada"}[name]
            assert f"The habit of {name}" in browser.page()
            assert f"The habit of {other}" not in browser.page()


def test_a_page_carries_no_cookie_of_whoever_made_it(app: Flask, ada: Browser) -> None:
    assert "Set-Cookie" not in ada.get("/dashboard").headers
    phone = Browser(app)
    phone.log_in()
    assert "Set-Cookie" not in phone.get("/dashboard").headers
    # The form's token on the shared page works for both.
    assert phone.post("/habits", {"name": "Read", "token": ada.token()}, Accept="*/*").status_code == 303


@pytest.mark.real_postgres
def test_without_the_database_a_page_in_memory_is_still_shown(postgres: Cluster, tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=postgres.new_database()) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit("Read")
        assert "Read" in ada.page()
        postgres.stop()
        try:
            assert "Read" in ada.page()
            assert ada.get("/api/health").status_code == 200
            assert ada.get("/api/ready").status_code == 503
            refused = ada.tick(habit, TODAY)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            clock.move(seconds=61)
            assert ada.get("/dashboard").status_code == 503
        finally:
            postgres.start()
        assert ada.tick(habit, TODAY).status_code == 200
        assert ada.done() == ["2026-01-30"]


@pytest.mark.real_postgres
def test_connections_that_died_while_the_machine_slept_are_not_used(
    postgres: Cluster, tmp_path: Path, clock: Moved
) -> None:
    with app_at(tmp_path, clock, DATABASE_URL=postgres.new_database()) as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit("Read")
        postgres.stop()
        postgres.start()
        assert ada.tick(habit, TODAY).status_code == 200
