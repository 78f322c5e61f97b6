"""Many ticks in one request, as the page's queue sends them: once, twice, late, too many, and not at all."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from habit_app.store import devices
from habit_app.tick_batch import LARGEST_BODY, MOST_TICKS, BadBatch, read_batch
from tests.functional.habit_app.habit_client import Browser

TODAY = date(2026, 1, 30)
YESTERDAY = TODAY - timedelta(days=1)
OURS = {"Sec-Fetch-Site": "same-origin"}
Ticks = dict[str, dict[str, Any]]


def user_of(app: Flask) -> str:
    """Id of the one user."""
    with app.extensions["habit_app"].store.reading() as link:
        return str(link.run("SELECT id FROM users")[0][0])


def send(browser: Browser, user: str, seq: int, ticks: Ticks, device: str = "phone") -> TestResponse:
    """One batch, from our own page."""
    body = {"user": user, "device": device, "seq": seq, "ticks": ticks}
    return browser.client.post("/api/ticks", json=body, headers=OURS)


def test_a_batch_is_saved_and_says_how_the_habits_stand(app: Flask, ada: Browser) -> None:
    read, walk = ada.add_habit("Read"), ada.add_habit("Walk")
    answer = send(ada, user_of(app), 1, {read: {str(YESTERDAY): True, str(TODAY): True}, walk: {str(TODAY): True}})
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["today"], told["refused"]) == ("2026-01-30", [])
    assert told["habits"] == {
        read: {"streak": 2, "best": 2, "streak_text": "2-day streak"},
        walk: {"streak": 1, "best": 1, "streak_text": "1-day streak"},
    }
    assert sorted(ada.done()) == ["2026-01-29", "2026-01-30", "2026-01-30"]


def test_the_same_batch_again_changes_nothing(app: Flask, ada: Browser) -> None:
    habit, user = ada.add_habit(), user_of(app)
    first = send(ada, user, 5, {habit: {str(TODAY): True}})
    again = send(ada, user, 5, {habit: {str(TODAY): True}})
    assert (again.status_code, again.get_json()) == (200, first.get_json())


def test_a_batch_that_comes_after_a_later_one_undoes_nothing(app: Flask, ada: Browser) -> None:
    habit, user = ada.add_habit(), user_of(app)
    assert send(ada, user, 7, {habit: {str(TODAY): False}}).status_code == 200
    late = send(ada, user, 6, {habit: {str(TODAY): True}})
    assert (late.status_code, late.get_json()["seq"]) == (409, 7)
    assert ada.done() == []
    assert send(ada, user, 1, {habit: {str(TODAY): True}}, device="laptop").status_code == 200
    assert ada.done() == ["2026-01-30"]


def test_what_cannot_be_ticked_stops_nothing_else(app: Flask, ada: Browser) -> None:
    habit, away = ada.add_habit("Read"), ada.add_habit("Walk")
    ada.post(f"/habits/{away}/archive")
    tomorrow, old = str(TODAY + timedelta(days=1)), str(TODAY - timedelta(days=30))
    sent = {habit: {str(TODAY): True, tomorrow: True, old: True}, away: {str(TODAY): True}, "nobodys": {old: True}}
    answer = send(ada, user_of(app), 1, sent)
    assert answer.status_code == 200
    refused = {(each["habit"], each["day"]) for each in answer.get_json()["refused"]}
    assert refused == {(habit, tomorrow), (habit, old), (away, str(TODAY)), ("nobodys", old)}
    assert ada.done() == ["2026-01-30"]


def test_nobody_ticks_for_somebody_else(app: Flask, ada: Browser) -> None:
    habit, user = ada.add_habit(), user_of(app)
    bob = Browser(app).sign_up("bob")
    assert send(bob, user, 1, {habit: {str(TODAY): True}}).status_code == 403
    assert send(Browser(app), user, 1, {habit: {str(TODAY): True}}).status_code == 401
    body = {"user": user, "device": "phone", "seq": 1, "ticks": {habit: {str(TODAY): True}}}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {}):
        assert ada.client.post("/api/ticks", json=body, headers=headers).status_code == 403
    assert ada.done() == []
    answer = ada.client.post("/api/ticks", json=body, headers={"X-Form-Token": ada.token()})
    assert (answer.status_code, ada.done()) == (200, ["2026-01-30"])


GOOD = {"user": "u", "device": "d", "seq": 1, "ticks": {"h": {"2026-01-30": True}}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": None},
        {"user": "x" * 65},
        {"device": "\x00"},
        {"device": "\ud800"},
        {"seq": 0},
        {"seq": True},
        {"seq": 1.5},
        {"seq": 2**53},
        {"ticks": []},
        {"ticks": {"h": []}},
        {"ticks": {"": {"2026-01-30": True}}},
        {"ticks": {"h": {"2026-1-30": True}}},
        {"ticks": {"h": {"20260130": True}}},
        {"ticks": {"h": {"2026-02-30": True}}},
        {"ticks": {"h": {"2026-01-30": 1}}},
        {"ticks": {"h": {"2026-01-30": None}}},
        {"ticks": {f"h{n}": {"2026-01-30": True} for n in range(MOST_TICKS + 1)}},
    ],
    ids=lambda wrong: str(wrong)[:60].encode("ascii", "backslashreplace").decode(),
)
def test_what_is_no_batch_is_a_400(ada: Browser, wrong: dict[str, Any]) -> None:
    answer = ada.client.post("/api/ticks", json={**GOOD, **wrong}, headers=OURS)
    assert (answer.status_code, list(answer.get_json())) == (400, ["error"])


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 60_000, b'{"seq":' + b"9" * 50_000 + b"}", b"null"])
def test_what_is_no_json_is_a_400(ada: Browser, body: bytes) -> None:
    assert ada.client.post("/api/ticks", data=body, headers=OURS).status_code == 400


def test_a_body_that_is_too_big_is_not_read(ada: Browser) -> None:
    assert ada.client.post("/api/ticks", data=b" " * (LARGEST_BODY + 1), headers=OURS).status_code == 413


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(GOOD)), _JSON))
@settings(deadline=None)
def test_reading_gives_a_batch_or_says_why_not(changes: dict[str, Any]) -> None:
    try:
        batch = read_batch(json.dumps({**GOOD, **changes}).encode())
    except BadBatch as problem:
        assert str(problem)
    else:
        assert 0 < batch.seq < 2**53


_Said = st.dictionaries(st.sampled_from([str(TODAY), str(YESTERDAY)]), st.booleans(), min_size=1)


@given(said=st.lists(_Said, min_size=1, max_size=6), data=st.data())
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_and_however_often_they_arrive_the_last_word_stands(
    app: Flask, ada: Browser, said: list[dict[str, bool]], data: st.DataObject
) -> None:
    """A browser's later batch repeats what it does not know to be saved; this one never knows."""
    habit, user = ada.add_habit(), user_of(app)
    device = habit  # a new one for every example
    stands: dict[str, bool] = {}
    sent = []
    for seq, days in enumerate(said, 1):
        stands.update(days)
        sent.append((seq, dict(stands)))
    again = data.draw(st.lists(st.sampled_from(sent), max_size=3))
    for seq, days in data.draw(st.permutations(sent + again)):
        assert send(ada, user, seq, {habit: days}, device).status_code in (200, 409)
    assert ada.done() == sorted(day for day, done in stands.items() if done)
    assert ada.post(f"/habits/{habit}/archive").status_code == 303


def test_only_the_devices_seen_last_are_kept(app: Flask, ada: Browser) -> None:
    habit, user = ada.add_habit(), user_of(app)
    for number in range(devices.MOST_DEVICES + 5):
        assert send(ada, user, 1, {habit: {str(TODAY): True}}, device=f"device-{number}").status_code == 200
    with app.extensions["habit_app"].store.reading() as link:
        assert link.run("SELECT count(*) FROM devices WHERE user_id = ?", user) == [(devices.MOST_DEVICES,)]
