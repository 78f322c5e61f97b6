"""Another password, a copy of everything, and the end of an account."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from tests.functional.habit_app.habit_client import Browser, Moved
from tests.functional.habit_app.habit_server import PASSWORD

NEW = "seven purple umbrellas"
TODAY = date(2026, 1, 30)


def change(browser: Browser, password: str = PASSWORD, new: str = NEW) -> int:
    """Ask for another password, and give the status."""
    return browser.post("/account/password", {"password": password, "new": new}).status_code


def test_a_new_password_ends_every_other_session(app: Flask, ada: Browser) -> None:
    phone = Browser(app)
    phone.log_in()
    assert phone.get("/dashboard").status_code == 200
    assert change(ada) == 303
    assert ada.get("/dashboard").status_code == 200
    assert phone.get("/dashboard").location == "/login"
    assert phone.log_in().status_code == 401
    assert phone.log_in(password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("password", "new", "status"),
    [("wrong", NEW, 403), ("", NEW, 403), ("x" * 2_000, NEW, 403), (PASSWORD, "short", 422), (PASSWORD, "", 422)],
    ids=["wrong", "none", "endless", "too short", "no new one"],
)
def test_what_is_no_reason_to_change_a_password(app: Flask, ada: Browser, password: str, new: str, status: int) -> None:
    answer = ada.post("/account/password", {"password": password, "new": new})
    assert (answer.status_code, 'role="alert"' in answer.text) == (status, True)
    assert Browser(app).log_in().status_code == 303


def test_guessing_the_current_password_slows_down(ada: Browser, clock: Moved) -> None:
    assert [change(ada, "wrong") for _ in range(6)] == [403] * 5 + [429]
    answer = ada.post("/account/delete", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    clock.move(seconds=2)
    assert change(ada) == 303


def test_a_copy_has_everything(ada: Browser) -> None:
    habit = ada.add_habit("Read", kind="days", weekday=["0", "4"])
    away = ada.add_habit("Wälk")
    ada.tick(habit, TODAY)
    ada.tick(away, TODAY)
    ada.post(f"/habits/{habit}/day", {"day": "2026-01-29", "state": "skipped", "note": "ill"})
    ada.post(f"/habits/{away}/archive")
    answer = ada.post("/account/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="habits.json"'
    copy = answer.get_json()
    assert (copy["format"], copy["name"], copy["zone"], copy["day_start"]) == ("habits 1", "ada", "UTC", 0)
    stamp = "2026-01-30T12:00:00.000000Z"
    same: dict[str, object] = {"created": stamp, "deleted": None, "done": ["2026-01-30"], "skipped": [], "notes": {}}
    noted = {**same, "skipped": ["2026-01-29"], "notes": {"2026-01-29": "ill"}}
    assert sorted(copy["habits"], key=lambda each: str(each["name"])) == [
        {"name": "Read", "schedule": "days:04", "archived": None, **noted},
        {"name": "Wälk", "schedule": "daily", "archived": stamp, **same},
    ]
    assert "argon2" not in answer.text


def test_a_deleted_account_leaves_nothing(app: Flask, ada: Browser) -> None:
    bob = Browser(app).sign_up("bob")
    bob.add_habit("Swim")
    ada.tick(ada.add_habit(), TODAY)
    assert ada.post("/account/delete", {"password": "wrong"}).status_code == 403
    answer = ada.post("/account/delete", {"password": PASSWORD})
    assert (answer.location, answer.headers["Clear-Site-Data"]) == ("/signup", '"cache", "storage"')
    assert ada.get("/dashboard").location == "/login"
    assert Browser(app).log_in().status_code == 401
    with app.extensions["habit_app"].store.reading() as link:
        counts = [link.run(f"SELECT count(*) FROM {table}")[0][0] for table in ("users", "habits", "entries")]
    assert counts == [1, 1, 0]
    assert len(bob.habits()) == 1


def test_nobody_does_it_for_somebody_else(app: Flask, ada: Browser) -> None:
    for path in ("/account/password", "/account/export", "/account/delete"):
        form = {"password": PASSWORD, "new": NEW}
        assert ada.post(path, form, Sec_Fetch_Site="cross-site").status_code == 403
        assert Browser(app).post(path, form).location == "/login"
    assert Browser(app).get("/account").location == "/login"
    assert ada.get("/account").status_code == 200
