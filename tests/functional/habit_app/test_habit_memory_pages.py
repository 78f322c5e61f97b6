"""Pages that come from memory, before Flask and without the database."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from habit_app.context import Services
from habit_app.known.cache import FRESH_SECONDS
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import PASSWORD

TODAY = date(2026, 1, 30)
STRICT = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Served-By")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One kind of database is enough here."""
    return f"sqlite://{tmp_path / 'habits.db'}"


def parts_of(app: Flask) -> Services:
    """The parts of the app."""
    parts: Services = app.extensions["habit_app"]
    return parts


def pieces(app: Flask) -> int:
    """Pieces of work the database has been given."""
    return parts_of(app).store.guard.let_in


def test_page_loads_after_ones_own_tick_ask_nobody(app: Flask, ada: Browser, clock: Moved) -> None:
    habit = ada.add_habit()
    for number in range(6):
        ada.tick(habit, TODAY, done=number % 2 == 0)
        before = pieces(app)
        for _ in range(6):
            assert ada.done() == (["2026-01-30"] if number % 2 == 0 else [])
        assert pieces(app) == before


def test_a_new_day_is_drawn_from_what_is_known(app: Flask, ada: Browser, clock: Moved) -> None:
    ada.add_habit()
    clock.move(hours=11, minutes=59, seconds=50)
    assert "Friday, 30 January" in ada.page()
    before = pieces(app)
    clock.move(seconds=15)
    assert "Saturday, 31 January" in ada.page()
    assert pieces(app) == before


def test_the_answer_from_memory_is_the_answer(ada: Browser) -> None:
    ada.add_habit()
    made = ada.get("/dashboard", Accept_Encoding="gzip")
    kept = ada.get("/dashboard", Accept_Encoding="gzip")
    assert made.data == kept.data
    assert sorted(made.headers) == sorted(kept.headers)
    assert made.headers["Content-Encoding"] == "gzip"
    assert all(kept.headers[name] for name in STRICT)
    plain = ada.get("/dashboard")
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(kept.data)
    assert plain.headers["ETag"] != kept.headers["ETag"]
    refusing = ada.get("/dashboard", Accept_Encoding="gzip;q=0, identity")
    assert refusing.data == plain.data


def test_eight_habits_are_less_than_six_kilobytes_on_the_wire(ada: Browser) -> None:
    for number in range(8):
        habit = ada.add_habit(f"Habit number {number}")
        for day in range(1, 29, number + 1):
            ada.tick(habit, date(2026, 1, day + 1))
    assert len(ada.get("/dashboard", Accept_Encoding="gzip").data) < 6_000


@pytest.mark.parametrize("accepted", ["gzip", ""])
def test_a_browser_that_has_it_is_told_so(ada: Browser, accepted: str) -> None:
    ada.add_habit()
    ada.page()
    etag = ada.get("/dashboard", Accept_Encoding=accepted).headers["ETag"]
    again = ada.get("/dashboard", Accept_Encoding=accepted, If_None_Match=f'"other", {etag}')
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert all(again.headers[name] for name in STRICT)


def test_who_is_signed_out_gets_nothing_from_memory(app: Flask, ada: Browser) -> None:
    ada.add_habit()
    ada.page()
    cookie = ada.cookie("session") or ""
    stranger = Browser(app)
    for forged in ("", cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), cookie.partition(".")[0]):
        stranger.client.set_cookie("session", forged)
        answer = stranger.get("/dashboard")
        assert (answer.status_code, answer.location) == (303, "/login")


def test_a_session_ends_for_pages_in_memory_too(app: Flask, ada: Browser, clock: Moved) -> None:
    ada.add_habit()
    ada.page()
    clock.move(days=14, seconds=1)
    assert ada.get("/dashboard").status_code == 303


def test_a_visit_renews_the_session_once_a_day(ada: Browser, clock: Moved) -> None:
    ada.add_habit()
    ada.page()
    clock.move(days=1, seconds=1)
    assert "Set-Cookie" in ada.get("/dashboard").headers
    assert "Set-Cookie" not in ada.get("/dashboard").headers


def test_logging_out_everywhere_ends_other_sessions_here_at_once(app: Flask, ada: Browser) -> None:
    ada.add_habit()
    phone = Browser(app)
    phone.log_in(password=PASSWORD)
    phone.page()
    ada.post("/logout", {"everywhere": "1"})
    assert phone.get("/dashboard").status_code == 303


def test_one_question_keeps_all_pages_fresh_and_drops_what_moved(
    app: Flask, ada: Browser, clock: Moved, tmp_path: Path, database_url: str
) -> None:
    bob = Browser(app).sign_up("bob")
    for browser in (ada, bob):
        browser.add_habit("Read")
        browser.page()
    with app_at(tmp_path / "other", clock, DATABASE_URL=database_url) as other:
        elsewhere = Browser(other)
        elsewhere.log_in("bob")
        elsewhere.add_habit("Swim")
        clock.move(seconds=FRESH_SECONDS - 1)
        assert "Swim" not in bob.page()
        assert parts_of(app).dashboards.follow() == 1
    clock.move(seconds=FRESH_SECONDS - 1)
    before = pieces(app)
    assert "Read" in ada.page()
    assert pieces(app) == before
    assert "Swim" in bob.page()
    assert pieces(app) == before + 1


def test_what_is_not_confirmed_is_asked_for_again(app: Flask, ada: Browser, clock: Moved) -> None:
    ada.add_habit()
    ada.page()
    clock.move(seconds=FRESH_SECONDS)
    before = pieces(app)
    ada.page()
    assert pieces(app) == before + 1


def test_nobody_is_asked_when_nobody_looks(app: Flask, ada: Browser, clock: Moved) -> None:
    ada.page()
    clock.move(seconds=301)
    dashboards, before = parts_of(app).dashboards, pieces(app)
    dashboards.follow_quietly(idle_seconds=300)
    assert pieces(app) == before
    dashboards.follow_quietly(idle_seconds=None)
    assert pieces(app) == before + 1


def test_a_question_that_fails_leaves_pages_to_grow_old(
    app: Flask, ada: Browser, clock: Moved, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ada.add_habit("Read")
    ada.page()
    parts_of(app).store.close()
    (tmp_path / "habits.db").rename(tmp_path / "moved.db")
    (tmp_path / "habits.db").mkdir()
    clock.move(seconds=30)
    parts_of(app).dashboards.follow_quietly(idle_seconds=None)
    assert "cannot tell which users have changed" in caplog.text
    assert "Read" in ada.page()
    clock.move(seconds=30)
    assert ada.get("/dashboard").status_code == 503
