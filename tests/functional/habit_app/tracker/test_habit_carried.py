"""Habits out as a file and in again, in another account; and programs that tick."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from habit_app.store.tokens import MOST_TOKENS
from tests.functional.habit_app.habit_client import Browser
from tests.unit.habit_app.test_habit_files import HABITS, MARKS, zipped

TODAY = date(2026, 1, 30)


def take_in(browser: Browser, data: bytes) -> Any:
    """Upload a file."""
    return browser.post("/account/import", {"file": (io.BytesIO(data), "habits.csv")})


def everything(browser: Browser) -> Any:
    """All habits of an account, without the instants at which they were made."""
    copy = browser.post("/account/export").get_json()["habits"]
    return [{**habit, "created": "", "archived": bool(habit["archived"])} for habit in copy]


def test_what_one_account_gives_another_takes(app: Flask, ada: Browser) -> None:
    read, walk, away = ada.add_habit("Read", kind="week", times="2"), ada.add_habit("=Walk"), ada.add_habit("Old")
    ada.tick(read, TODAY)
    ada.post(f"/habits/{read}/day", {"day": "2024-02-29", "state": "done", "note": 'a "note",\nof two lines'})
    ada.post(f"/habits/{walk}/day", {"day": "2026-02-01", "state": "skipped"})
    ada.post(f"/habits/{walk}/move", {"by": "up"})
    ada.post(f"/habits/{away}/archive")
    file = ada.post("/account/csv")
    assert file.headers["Content-Disposition"] == 'attachment; filename="habits.csv"'
    bob = Browser(app).sign_up("bob")
    assert "3 new habits, and days for 0 habits that were there" in take_in(bob, file.data).text
    assert everything(bob) == everything(ada)
    # Once more adds nothing.
    assert "0 new habits, and days for 3 habits that were there" in take_in(bob, file.data).text
    assert everything(bob) == everything(ada)
    assert bob.post("/account/csv").data == file.data


def test_what_is_done_stays_done_when_an_older_file_says_skipped(ada: Browser) -> None:
    read = ada.add_habit("Read")
    ada.post(f"/habits/{read}/day", {"day": "2026-01-20", "state": "skipped"})
    older = ada.post("/account/csv").data
    ada.post(f"/habits/{read}/day", {"day": "2026-01-20", "state": "done"})
    before = everything(ada)
    assert "days for 1 habit that was there" in take_in(ada, older).text
    assert everything(ada) == before
    assert before[0]["done"] == ["2026-01-20"]


def test_what_is_here_stays_and_a_file_fills_in_what_is_not(ada: Browser) -> None:
    walk, read = ada.add_habit("Walk"), ada.add_habit("Read")
    for day, state, note in (
        ("2026-01-10", "done", "my own words"),
        ("2026-01-11", "skipped", ""),
        ("2026-01-12", "open", "ill"),
        ("2026-01-13", "done", "the same"),
    ):
        ada.post(f"/habits/{read}/day", {"day": day, "state": state, "note": note})
    file = (
        "habit,name,schedule,archived,day,state,note\n1,Read,daily,yes,,,\n"
        "1,,,,2026-01-10,skipped,somebody else's words\n1,,,,2026-01-11,done,what is new\n"
        "1,,,,2026-01-12,done,\n1,,,,2026-01-13,done,the same\n1,,,,2026-01-14,done,new\n"
    )
    told = take_in(ada, file.encode()).text
    assert "0 new habits, and days for 1 habit that was there. 2 days and 1 note stayed as they were here." in told
    assert ada.habits() == [walk, read]
    _, mine = everything(ada)
    assert mine["done"] == ["2026-01-10", "2026-01-12", "2026-01-13", "2026-01-14"]
    assert mine["skipped"] == ["2026-01-11"]
    assert mine["notes"] == {
        "2026-01-10": "my own words",
        "2026-01-11": "what is new",
        "2026-01-12": "ill",
        "2026-01-13": "the same",
        "2026-01-14": "new",
    }


def test_streaks_count_what_was_brought(ada: Browser) -> None:
    days = "".join(f"1,,,,{date.fromordinal(TODAY.toordinal() - back)},done,\n" for back in range(2000))
    take_in(ada, f"habit,name,schedule,archived,day,state,note\n1,Read,daily,no,,,\n{days}".encode())
    assert "2000-day streak" in ada.page()
    (habit,) = ada.habits()
    ada.post(f"/habits/{habit}/day", {"day": "2022-01-01", "state": "open"})
    assert f"{(TODAY - date(2022, 1, 1)).days}-day streak" in ada.page()


def test_loops_habits_move_in(ada: Browser) -> None:
    answer = take_in(ada, zipped(**{"Habits.csv": HABITS, "001 Sit still/Checkmarks.csv": MARKS}))
    assert "4 new habits" in answer.text
    assert "Cigarettes was left out" in answer.text
    assert "Colours, questions and descriptions were left out" in answer.text
    assert re.findall(r'<h2 id="name-\w+"><a [^>]*>([^<]+)</a>', ada.page()) == [
        "Sit still",
        "Swim",
        "Glasses of water",
    ]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04 and nothing", b"\xff\xfe"])
def test_what_cannot_be_read_changes_nothing(ada: Browser, data: bytes) -> None:
    answer = take_in(ada, data)
    assert answer.status_code == 422
    assert "Nothing was imported" in answer.text
    assert ada.habits() == []


def test_more_habits_than_there_is_room_for_change_nothing(ada: Browser) -> None:
    lines = "".join(f"{number},Habit {number},daily,no,,,\n" for number in range(101))
    answer = take_in(ada, f"habit,name,schedule,archived,day,state,note\n{lines}".encode())
    assert answer.status_code == 409
    assert ada.habits() == []


def make_token(browser: Browser, name: str = "watch") -> str:
    """A new token."""
    page = browser.post("/account/tokens", {"name": name}).text
    (secret,) = re.findall(r'class="secret">([\w-]+)<', page)
    return str(secret)


def test_a_program_reads_and_ticks_with_a_token(app: Flask, ada: Browser) -> None:
    habit = ada.add_habit("Read")
    program = Browser(app)
    mine = {"Authorization": f"Bearer {make_token(ada)}"}
    (told,) = program.get("/api/habits", **mine).get_json()["habits"]
    assert told == {
        "id": habit,
        "name": "Read",
        "schedule": "daily",
        "today": "open",
        "streak": 0,
        "best": 0,
        "streak_text": "No streak yet",
        "strength": 0.0,
    }
    put = program.put(f"/api/habits/{habit}/entries/2026-01-30", {"done": True, "note": "by itself"}, **mine)
    assert (put.status_code, put.get_json()["streak"]) == (200, 1)
    put = program.put(f"/api/habits/{habit}/entries/2026-01-29", {"state": "skipped"}, **mine)
    assert put.get_json()["state"] == "skipped"
    found = program.get(f"/api/habits/{habit}/entries?from=2026-01-01&to=2026-01-30", **mine).get_json()
    assert found["entries"] == [
        {"day": "2026-01-29", "state": "skipped"},
        {"day": "2026-01-30", "state": "done", "note": "by itself"},
    ]
    assert program.get(f"/api/habits/{habit}/entries?from=2026-01-30", **mine).get_json()["entries"] == [
        found["entries"][1]
    ]
    assert ada.done() == ["2026-01-30"]


def test_a_token_is_shown_once_kept_as_a_hash_and_can_be_revoked(app: Flask, ada: Browser) -> None:
    secret = make_token(ada, "watch & phone")
    page = ada.get("/account/tokens").text
    assert "watch &amp; phone" in page
    assert secret not in page
    assert secret not in ada.post("/account/export").text
    with app.extensions["habit_app"].store.reading() as link:
        ((stored,),) = link.run("SELECT hash FROM tokens")
    assert secret not in stored
    program, mine = Browser(app), {"Authorization": f"Bearer {secret}"}
    assert program.get("/api/habits", **mine).status_code == 200
    (token,) = re.findall(r"/account/tokens/(\w+)/revoke", page)
    assert Browser(app).sign_up("bob").post(f"/account/tokens/{token}/revoke").status_code == 404
    assert ada.post(f"/account/tokens/{token}/revoke").status_code == 303
    answer = program.get("/api/habits", **mine)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_opens_nothing_but_the_api(app: Flask, ada: Browser) -> None:
    habit, mine = ada.add_habit(), {"Authorization": f"Bearer {make_token(ada)}"}
    program = Browser(app)
    for path in ("/dashboard", "/account", "/account/tokens", f"/habits/{habit}"):
        assert program.get(path, **mine).location == "/login", path
    assert program.client.post("/account/delete", headers=mine).status_code in (303, 403)
    assert ada.habits() == [habit]
    # A wrong token is not made good by a session beside it.
    assert ada.get("/api/habits", Authorization="Bearer habits_wrong").status_code == 401
    assert ada.get("/api/habits").status_code == 200


def test_tokens_have_names_and_an_end_to_their_number(ada: Browser) -> None:
    assert ada.post("/account/tokens", {"name": " "}).status_code == 422
    assert ada.post("/account/tokens", {"name": "x" * 41}).status_code == 422
    for number in range(MOST_TOKENS):
        make_token(ada, f"program {number}")
    assert ada.post("/account/tokens", {"name": "one more"}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        "[" * 3_900 + "]" * 3_900,
        "",
        "[]",
        "null",
        '{"done": 1}',
        '{"state": "maybe"}',
        '{"done": true, "state": "open"}',
    ],
    ids=["deep", "empty", "list", "null", "number", "state", "both"],
)
def test_a_body_that_says_nothing_is_400(ada: Browser, body: str) -> None:
    habit = ada.add_habit()
    answer = ada.client.put(
        f"/api/habits/{habit}/entries/2026-01-30",
        data=body,
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert ada.done() == []
