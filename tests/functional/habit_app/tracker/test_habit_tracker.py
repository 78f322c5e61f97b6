"""Days off, notes, order, undo and the past, as a person without JavaScript meets them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask

from habit_app.store.habits import MOST_HABITS
from tests.functional.habit_app.habit_client import Browser, Moved

TODAY = date(2026, 1, 30)  # a Friday


def back(days: int) -> date:
    """So many days ago."""
    return TODAY - timedelta(days=days)


def set_day(browser: Browser, habit: str, day: date, state: str, note: str = "") -> int:
    """Use the form of the habit's own page."""
    return browser.post(f"/habits/{habit}/day", {"day": str(day), "state": state, "note": note}).status_code


def names(browser: Browser) -> list[str]:
    """The habits on the dashboard, in order."""
    return re.findall(r'<h2 id="name-\w+"><a [^>]*>([^<]+)</a>', browser.page())


def test_a_day_off_ends_no_streak(ada: Browser) -> None:
    habit = ada.add_habit()
    for days in (3, 2, 0):
        ada.tick(habit, back(days))
    assert "1-day streak" in ada.page()
    assert set_day(ada, habit, back(1), "skipped") == 303
    assert "3-day streak" in ada.page()
    assert 'data-skipped aria-label="Thursday 29 January 2026, skipped"' in ada.page()
    # Ticked after all, it is no day off any more.
    ada.tick(habit, back(1))
    assert "4-day streak" in ada.page()
    ada.tick(habit, back(1), done=False)
    assert "1-day streak" in ada.page()


def test_skipped_today_is_not_asked_for(ada: Browser) -> None:
    habit = ada.add_habit()
    assert "0</b> of 1 done today" in ada.page()
    set_day(ada, habit, TODAY, "skipped")
    assert "0</b> of 0 done today" in ada.page()
    assert "skipped today" in ada.page()


def test_so_often_a_week_says_how_often_and_is_done_when_done(ada: Browser) -> None:
    habit = ada.add_habit("Swim", kind="week", times="2")
    assert "0 of 2 this week" in ada.page()
    assert ada.tick(habit, back(3)).get_json()["streak_text"] == "1 of 2 this week"
    assert "0</b> of 1 done today" in ada.page()
    ada.tick(habit, back(2))
    assert "2 of 2 this week · 1-week streak" in ada.page()
    assert "0</b> of 0 done today" in ada.page()
    ada.tick(habit, TODAY)
    assert "2 of 2 this week · 1-week streak" in ada.page()
    assert "1</b> of 1 done today" in ada.page()


def test_time_off_skips_everything_that_is_not_done(ada: Browser) -> None:
    read, walk = ada.add_habit("Read"), ada.add_habit("Walk")
    for days in (9, 8, 5):
        ada.tick(read, back(days))
    ada.tick(walk, TODAY)
    assert ada.post("/time-off", {"first": str(back(7)), "last": str(TODAY + timedelta(days=7))}).status_code == 303
    page = ada.page()
    assert "3-day streak" in page
    assert "1-day streak" in page
    assert ada.done() == [str(day) for day in (back(9), back(8), back(5), TODAY)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-30", "2026-01-29"),
        ("2026-01-01", "2026-03-04"),
        ("2024-12-01", "2024-12-02"),
        ("2028-01-01", "2028-01-02"),
    ],
)
def test_time_off_has_limits(ada: Browser, first: str, last: str) -> None:
    ada.add_habit()
    assert ada.post("/time-off", {"first": first, "last": last}).status_code == 422


def test_time_off_ahead_hides_no_tick_and_breaks_no_streak(ada: Browser, clock: Moved) -> None:
    habit = ada.add_habit()
    for days in range(60):
        ada.post(f"/habits/{habit}/day", {"day": str(back(days)), "state": "done"})
    ahead = [TODAY + timedelta(days=100), TODAY + timedelta(days=110)]
    ada.post("/time-off", {"first": str(ahead[0]), "last": str(ahead[1])})
    assert "60-day streak" in ada.page()
    assert len(ada.done()) == 30
    clock.move(days=1)
    assert ada.log_in().status_code == 303
    ada.tick(habit, TODAY + timedelta(days=1))
    assert "61-day streak" in ada.page()


def test_any_day_of_the_past_can_be_corrected_on_the_habits_own_page(ada: Browser) -> None:
    habit = ada.add_habit()
    for days in range(400):
        assert set_day(ada, habit, back(days), "done") == 303
    assert "400-day streak" in ada.page()
    set_day(ada, habit, back(390), "open")
    assert "390-day streak" in ada.page()
    set_day(ada, habit, back(390), "skipped")
    assert "399-day streak" in ada.page()
    # 390 days before 30 January 2026.
    page = ada.get(f"/habits/{habit}?year=2025").text
    assert "<b>January</b>: 30 of 31 days: done on 1 to 4, 6 to 31; skipped on 5" in page


def test_a_year_is_told_in_words(ada: Browser) -> None:
    habit = ada.add_habit()
    for day in (1, 2, 5, 6, 7):
        set_day(ada, habit, date(2025, 3, day), "done")
    set_day(ada, habit, date(2025, 3, 9), "skipped")
    page = ada.get(f"/habits/{habit}?year=2025").text
    assert "<b>March</b>: 5 of 31 days: done on 1, 2, 5 to 7; skipped on 9" in page
    assert "<b>April</b>: 0 of 30 days<" in page
    assert '<i class="done" title="Wed 5 Mar: done">5</i>' in page
    assert f'href="?year={2026}"' in page
    # This year ends today.
    now = ada.get(f"/habits/{habit}").text
    assert "<b>January</b>: 0 of 30 days<" in now
    assert "February" not in now.split("in words")[1].split("</ul>")[0]


@pytest.mark.parametrize("year", ["0", "9999", "-1", "x", "20260", "\u0662\u0660\u0662\u0666"])
def test_a_strange_year_is_this_one(ada: Browser, year: str) -> None:
    habit = ada.add_habit()
    assert ada.get(f"/habits/{habit}?year={year}").status_code == 200


@pytest.mark.parametrize(
    ("day", "state", "status"),
    [
        ("2026-01-31", "done", 422),
        ("2026-01-31", "skipped", 303),
        ("2027-01-31", "skipped", 303),
        ("2027-02-01", "skipped", 422),
        ("1970-01-01", "done", 303),
        ("1969-12-31", "done", 422),
        ("20260130", "done", 400),
        ("", "done", 400),
        ("2026-01-30", "perhaps", 400),
    ],
)
def test_what_a_day_can_be(ada: Browser, day: str, state: str, status: int) -> None:
    habit = ada.add_habit()
    assert ada.post(f"/habits/{habit}/day", {"day": day, "state": state}).status_code == status
    assert ada.get("/dashboard").status_code == 200


def test_notes_are_kept_by_day(ada: Browser) -> None:
    habit = ada.add_habit()
    set_day(ada, habit, back(1), "done", "the one with the <whale>")
    set_day(ada, habit, TODAY, "open", "too tired")
    page = ada.get(f"/habits/{habit}").text
    assert page.index("too tired") < page.index("the one with the &lt;whale&gt;")
    set_day(ada, habit, TODAY, "open", "")
    assert "too tired" not in ada.get(f"/habits/{habit}").text
    assert ada.post(f"/habits/{habit}/day", {"day": str(TODAY), "state": "done", "note": "x" * 501}).status_code == 422


def test_habits_have_an_order(ada: Browser, clock: Moved) -> None:
    ids = {}
    for name in ("Read", "Walk", "Swim"):
        clock.move(seconds=1)
        ids[name] = ada.add_habit(name)
    assert names(ada) == ["Read", "Walk", "Swim"]
    answer = ada.post(f"/habits/{ids['Swim']}/move", {"by": "up"})
    assert answer.location == f"/settings#habit-{ids['Swim']}"
    assert names(ada) == ["Read", "Swim", "Walk"]
    ada.post(f"/habits/{ids['Read']}/move", {"by": "down"})
    assert names(ada) == ["Swim", "Read", "Walk"]
    # At the end there is nowhere to go, and what is new comes last.
    ada.post(f"/habits/{ids['Walk']}/move", {"by": "down"})
    clock.move(seconds=1)
    ada.add_habit("Juggle")
    assert names(ada) == ["Swim", "Read", "Walk", "Juggle"]
    assert ada.post(f"/habits/{ids['Walk']}/move", {"by": "away"}).status_code == 400


def test_deleting_can_be_undone_for_a_month(ada: Browser, clock: Moved) -> None:
    habit = ada.add_habit("Read")
    ada.tick(habit, TODAY)
    assert ada.post(f"/habits/{habit}/delete").location == "/settings#put-away"
    assert ada.habits() == []
    assert 'aria-label="Undo deleting Read"' in ada.get("/settings").text
    assert ada.post("/account/csv").text.count("\r\n") == 1
    ada.post(f"/habits/{habit}/restore")
    assert ada.done() == [str(TODAY)]
    ada.post(f"/habits/{habit}/delete")
    clock.move(days=31)
    ada.log_in()
    ada.post(f"/habits/{ada.add_habit('Walk')}/delete")
    assert "Read" not in ada.get("/settings").text
    assert ada.post(f"/habits/{habit}/restore").status_code == 404


def test_putting_away_makes_room(ada: Browser) -> None:
    first = ada.add_habit("Read")
    for number in range(1, MOST_HABITS):
        ada.post("/habits", {"name": f"Habit {number}"})
    assert ada.post("/habits", {"name": "Swim"}).status_code == 409
    ada.post(f"/habits/{first}/archive")
    ada.add_habit("Swim")
    assert ada.post(f"/habits/{first}/restore").status_code == 409
    assert names(ada)[0] == "Habit 1"
    assert names(ada)[-1] == "Swim"
    assert len(names(ada)) == MOST_HABITS


def test_a_form_sent_twice_makes_one_habit(ada: Browser) -> None:
    (mark,) = re.findall(r'name="once" value="(\d+)"', ada.page())
    for _ in range(2):
        assert ada.post("/habits", {"name": "Read", "once": mark}).status_code == 303
    assert names(ada) == ["Read"]
    # From the page as it is then, a second one of that name can be had.
    (mark,) = re.findall(r'name="once" value="(\d+)"', ada.page())
    ada.post("/habits", {"name": "Read", "once": mark})
    assert names(ada) == ["Read", "Read"]


def test_nobody_reaches_what_is_not_theirs(app: Flask, ada: Browser) -> None:
    habit = ada.add_habit("Secret")
    bob = Browser(app).sign_up("bob")
    assert bob.get(f"/habits/{habit}").status_code == 404
    assert set_day(bob, habit, TODAY, "done") == 404
    assert bob.post(f"/habits/{habit}/delete").status_code == 404
    assert bob.post(f"/habits/{habit}/move", {"by": "up"}).status_code == 404
    assert names(ada) == ["Secret"]
    assert ada.done() == []
