"""What people read: numbers with their words, and refusals without the words of HTTP."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, default_exceptions

from habit_app.files.loop import read
from habit_app.history import build
from habit_app.schedule import Schedule
from habit_app.store.entries import History
from habit_app.wording.counted import counted, too_fast
from habit_app.wording.refusals import words
from tests.functional.habit_app.habit_client import Browser, Moved, app_at


@given(number=st.integers(0, 10_000))
def test_one_is_one_and_everything_else_is_more(number: int) -> None:
    assert counted(number, "day") == (f"{number} day" if number == 1 else f"{number} days")
    assert counted(number, "habit that was", "habits that were").endswith("was" if number == 1 else "were")


@given(wait=st.integers(1, 100_000))
def test_the_time_to_wait_is_never_less_than_it_is(wait: int) -> None:
    (number, unit) = re.findall(r"wait (\d+) (second|minute)s?\.", too_fast(wait))[0]
    told = int(number) * (60 if unit == "minute" else 1)
    assert wait <= told < wait + 60


@pytest.mark.parametrize(
    ("wait", "said"), [(1, "1 second."), (2, "2 seconds."), (119, "119 seconds."), (120, "2 minutes.")]
)
def test_the_time_to_wait_is_in_words_that_fit(wait: int, said: str) -> None:
    assert too_fast(wait).endswith(said)


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_no_refusal_has_the_librarys_words(status: int) -> None:
    problem = default_exceptions[status]()
    title, text = words(problem)
    assert title != problem.name
    assert text and text != problem.description
    assert not re.search(r"URL|entity|request|server|browser|user agent|method|resource", f"{title} {text}", re.I)


def test_the_apps_own_sentence_is_kept() -> None:
    assert words(default_exceptions[422]("Nothing was imported."))[1] == "Nothing was imported."


def test_a_fault_of_ours_is_not_described() -> None:
    assert "secret" not in " ".join(words(default_exceptions[500]("secret")))


def test_a_code_without_a_name_has_words_too() -> None:
    assert words(HTTPException()) == words(default_exceptions[500]())


@pytest.fixture
def ada(tmp_path: Path) -> Browser:
    app: Flask
    with app_at(tmp_path, Moved()) as app:
        return Browser(app).sign_up()


def test_pages_of_refusals(ada: Browser) -> None:
    habit = ada.add_habit("Juggle")
    refused = {
        422: ada.post("/account/import", {}),
        405: ada.get(f"/habits/{habit}/mark"),
        404: ada.get("/nowhere"),
        400: ada.post(f"/habits/{habit}/mark", {"mark": "never"}),
        403: ada.post("/habits", {"name": "x"}, Sec_Fetch_Site="cross-site"),
    }
    for status, answer in refused.items():
        assert answer.status_code == status
        assert not re.search(r"Unprocessable|Bad Request|Forbidden|Method|Not Found|Conflict|Entity", answer.text)
    assert "<h1>That did not work</h1>" in refused[422].text
    assert "Nothing was imported. Choose a file first." in refused[422].text


def test_one_habit_is_told_as_one(ada: Browser) -> None:
    ada.add_habit("Juggle")
    file = ada.post("/account/csv").data
    sent = {"file": (io.BytesIO(file), "habits.csv")}
    assert "0 new habits, and days for 1 habit that was there." in ada.post("/account/import", sent).text
    sent = {"file": (io.BytesIO(file.replace(b"Juggle", b"Draw")), "habits.csv")}
    assert "1 new habit, and days for 0 habits that were there." in ada.post("/account/import", sent).text


def test_the_first_day_of_a_year_is_one_day() -> None:
    today = date(2026, 1, 1)
    (january,) = build(Schedule(), History(frozenset({today}), frozenset(), {}), 2026, today).months
    assert january.text == "1 of 1 day: done on 1"


def test_what_loop_counts_once_is_told_as_once() -> None:
    habits = "Position,Name,FrequencyNumerator,FrequencyDenominator\n1,Swim,1,14\n2,Run,3,10\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Habits.csv", habits)
    assert read(packed.getvalue()).remarks == [
        "Swim: 1 time in 14 days has become once a week.",
        "Run: 3 times in 10 days has become 2 times a week.",
        "Colours, questions and descriptions were left out: habits have none here.",
    ]
