"""Habits and ticks, as a person without JavaScript meets them, and as the script does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from habit_app.store.migrations import newest
from tests.functional.habit_app.habit_client import Browser, Moved

TODAY = date(2026, 1, 30)


def test_the_first_page_invites(ada: Browser) -> None:
    assert "Start with one small thing" in ada.page()


def test_tick_and_untick_with_plain_forms(ada: Browser) -> None:
    habit = ada.add_habit("Read ten pages")
    page = ada.page()
    assert "0</b> of 1 done today" in page
    assert 'aria-label="Read ten pages, today"' in page
    assert 'aria-label="Friday 30 January 2026"' in page
    answer = ada.post(f"/habits/{habit}/mark", {"mark": "2026-01-30:1"})
    assert (answer.status_code, answer.location) == (303, f"/dashboard#habit-{habit}")
    assert ada.done() == ["2026-01-30"]
    assert "1-day streak" in ada.page()
    assert "1</b> of 1 done today" in ada.page()
    ada.post(f"/habits/{habit}/mark", {"mark": "2026-01-30:0"})
    assert ada.done() == []


def test_a_form_sent_twice_does_not_undo_itself(ada: Browser) -> None:
    habit = ada.add_habit()
    for _ in range(2):
        assert ada.post(f"/habits/{habit}/mark", {"mark": "2026-01-30:1"}).status_code == 303
    assert ada.done() == ["2026-01-30"]


def test_the_script_is_told_the_streak(ada: Browser) -> None:
    habit = ada.add_habit()
    ada.tick(habit, TODAY - timedelta(days=1))
    answer = ada.tick(habit, TODAY).get_json()
    rev = answer.pop("rev")
    assert answer == {
        "day": "2026-01-30",
        "done": True,
        "state": "done",
        "streak": 2,
        "best": 2,
        "streak_text": "2-day streak",
    }
    assert ada.tick(habit, TODAY).get_json()["rev"] == rev
    assert ada.tick(habit, TODAY, done=False).get_json()["rev"] == rev + 1


@pytest.mark.parametrize(
    ("offset", "status"), [(0, 200), (-29, 200), (-30, 422), (1, 422)], ids=["today", "first", "too old", "tomorrow"]
)
def test_the_last_thirty_days_can_be_corrected(ada: Browser, offset: int, status: int) -> None:
    habit = ada.add_habit()
    day = TODAY + timedelta(days=offset)
    assert ada.tick(habit, day).status_code == status
    assert ada.done() == ([day.isoformat()] if status == 200 else [])


def test_today_is_the_users_own(app: Flask, clock: Moved) -> None:
    clock.move(hours=4)  # 16:00 UTC is tomorrow in Tokyo
    tokyo = Browser(app).sign_up("kei", zone="Asia/Tokyo")
    assert "Saturday, 31 January" in tokyo.page()
    assert tokyo.tick(tokyo.add_habit(), TODAY + timedelta(days=1)).status_code == 200
    hawaii = Browser(app).sign_up("leilani", zone="Pacific/Honolulu")
    assert hawaii.tick(hawaii.add_habit(), TODAY + timedelta(days=1)).status_code == 422


def test_a_new_day_needs_no_new_page_load_to_keep_the_streak(ada: Browser, clock: Moved) -> None:
    habit = ada.add_habit()
    ada.tick(habit, TODAY)
    clock.move(hours=20)
    assert "Saturday, 31 January" in ada.page()
    assert "1-day streak" in ada.page()


def test_moving_to_another_zone_moves_the_day(ada: Browser) -> None:
    assert ada.post("/settings", {"zone": "Pacific/Kiritimati", "day_start": "0"}).location == "/dashboard"
    assert "Saturday, 31 January" in ada.page()
    assert ada.post("/settings", {"zone": "Pacific/Kiritimati", "day_start": "6"}).status_code == 303
    assert "Friday, 30 January" in ada.page()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"zone": "Mars/Olympus", "day_start": "0"}, 422),
        ({"zone": "UTC", "day_start": "7"}, 422),
        ({"zone": "UTC", "day_start": "-1"}, 422),
        ({"zone": "UTC"}, 422),
    ],
)
def test_settings_that_make_no_sense(ada: Browser, form: dict[str, str], status: int) -> None:
    assert ada.post("/settings", form).status_code == status


@pytest.mark.parametrize(
    ("form", "label"),
    [
        ({}, "Every day"),
        ({"kind": "daily", "weekday": ["1"]}, "Every day"),
        ({"kind": "days", "weekday": ["0", "4"]}, "Mon, Fri"),
        ({"kind": "week", "times": "3"}, "3 times a week"),
    ],
)
def test_schedules(ada: Browser, form: dict[str, object], label: str) -> None:
    habit = ada.add_habit("Walk", **form)
    assert f'<p class="sum">{label}' in ada.get(f"/habits/{habit}").text
    edit = ada.get(f"/habits/{habit}/edit").text
    assert 'value="Walk"' in edit
    assert f'value="{form.get("kind", "daily")}" checked' in edit


@pytest.mark.parametrize(
    "form",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 81},
        {"name": "Walk", "kind": "days"},
        {"name": "Walk", "kind": "days", "weekday": ["9"]},
        {"name": "Walk", "kind": "week", "times": "8"},
        {"name": "Walk", "kind": "week", "times": "often"},
    ],
)
def test_a_habit_that_makes_no_sense_is_explained(ada: Browser, form: dict[str, object]) -> None:
    answer = ada.post("/habits", form)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    habit = ada.add_habit("Read")
    answer = ada.post(f"/habits/{habit}", form)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert "Read" in ada.page()


def test_rename_and_reschedule_keep_the_history(ada: Browser) -> None:
    habit = ada.add_habit("Read")
    ada.tick(habit, TODAY)
    assert ada.post(f"/habits/{habit}", {"name": "Write", "kind": "week", "times": "1"}).location == "/dashboard"
    assert "1-week streak" in ada.page()
    assert ada.done() == ["2026-01-30"]


def test_put_away_and_bring_back(ada: Browser) -> None:
    habit = ada.add_habit("Read")
    ada.tick(habit, TODAY)
    ada.post(f"/habits/{habit}/archive")
    assert ada.habits() == []
    assert ada.tick(habit, TODAY).status_code == 404
    assert "Read" in ada.get("/settings").text
    assert ada.post(f"/habits/{habit}/restore").location == "/settings"
    assert ada.habits() == [habit]
    assert ada.done() == ["2026-01-30"]


def test_what_is_not_yours_is_not_there(app: Flask, ada: Browser) -> None:
    habit = ada.add_habit("Read")
    bob = Browser(app).sign_up("bob")
    assert bob.tick(habit, TODAY).status_code == 404
    assert bob.get(f"/habits/{habit}/edit").status_code == 404
    for path in (f"/habits/{habit}", f"/habits/{habit}/archive", f"/habits/{habit}/restore"):
        assert bob.post(path, {"name": "Mine"}).status_code == 404
    assert bob.post(f"/habits/{habit}/mark", {"mark": "2026-01-30:1"}).status_code == 404
    assert ada.done() == []
    assert "Read" in ada.page()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("2026-01-30", {"done": "yes"}, 400),
        ("2026-01-30", {}, 400),
        ("2026-01-30", ["done"], 400),
        ("20260130", {"done": True}, 400),
        ("2026-W05-5", {"done": True}, 400),
        ("2026-02-30", {"done": True}, 400),
        ("today", {"done": True}, 400),
    ],
)
def test_bad_requests_of_programs(ada: Browser, path: str, body: object, status: int) -> None:
    answer = ada.put(f"/api/habits/{ada.add_habit()}/entries/{path}", body)
    assert (answer.status_code, list(answer.get_json())) == (status, ["error"])


def test_programs_that_are_not_signed_in(app: Flask) -> None:
    answer = Browser(app).tick("0", TODAY)
    assert (answer.status_code, answer.get_json()) == (401, {"error": "Sign in first."})


@pytest.mark.parametrize("mark", ["", "2026-01-30x", "nonsense:1", "2026-13-01:1"])
def test_a_mark_that_is_no_day(ada: Browser, mark: str) -> None:
    assert ada.post(f"/habits/{ada.add_habit()}/mark", {"mark": mark}).status_code == 400


def test_there_is_a_limit(ada: Browser) -> None:
    for number in range(100):
        assert ada.post("/habits", {"name": f"Habit {number}"}).status_code == 303
    assert ada.post("/habits", {"name": "One too many"}).status_code == 409


def test_health_and_ready(app: Flask) -> None:
    anyone = Browser(app)
    health = anyone.get("/api/health")
    assert health.get_json() == {
        "status": "ok",
        "region": "unknown",
        "machine": "unknown",
        "release": "unknown",
        "timestamp": "2026-01-30T12:00:00.000Z",
    }
    ready = anyone.get("/api/ready").get_json()
    assert (ready["status"], ready["schema"]) == ("ready", newest())
    app.extensions["habit_app"].drain.begin()
    draining = anyone.get("/api/health")
    assert (draining.status_code, draining.get_json()["status"]) == (503, "draining")
