"""Accounts and sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import PASSWORD, on_fly

WRONG = "That name and password do not belong together."


def test_sign_up_log_out_log_in(app: Flask) -> None:
    browser = Browser(app).sign_up("Ada")
    assert browser.get("/").location == "/dashboard"
    assert browser.post("/logout").location == "/login"
    assert browser.get("/dashboard").location == "/login"
    # Names are the same whatever their case, and whichever way their letters are written.
    assert browser.log_in("ａＤＡ").location == "/dashboard"
    assert browser.get("/dashboard").status_code == 200


def test_a_taken_name(app: Flask, ada: Browser) -> None:
    answer = Browser(app).post("/signup", {"name": "ADA", "password": PASSWORD, "zone": "UTC"})
    assert (answer.status_code, "That name is taken" in answer.text) == (409, True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "a"}, "2 to 40 characters"),
        ({"name": "<b>ada"}, "Use letters, digits"),
        ({"password": "short"}, "at least 10 characters"),
        ({"zone": "Mars/Olympus"}, "There is no time zone called Mars/Olympus"),
    ],
)
def test_what_sign_up_refuses_it_explains_and_keeps(app: Flask, change: dict[str, str], complaint: str) -> None:
    form = {"name": "grace", "password": PASSWORD, "zone": "Europe/Berlin", **change}
    answer = Browser(app).post("/signup", form)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert form["password"] not in answer.text
    assert form["zone"] in answer.text


def test_a_wrong_password_and_an_unknown_name_look_the_same(app: Flask, ada: Browser) -> None:
    wrong = Browser(app).log_in("ada", "wrong wrong wrong")
    unknown = Browser(app).log_in("eve", "wrong wrong wrong")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert WRONG in wrong.text
    assert wrong.text.replace('value="ada"', "") == unknown.text.replace('value="eve"', "")


def test_guessing_one_name_slows_down_and_the_right_password_waits_too(app: Flask, ada: Browser, clock: Moved) -> None:
    guesser = Browser(app)
    for _ in range(5):
        assert guesser.log_in("ada", "wrong wrong wrong").status_code == 401
    refused = guesser.log_in("ada")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    clock.move(seconds=1)
    assert guesser.log_in("ada", "wrong wrong wrong").status_code == 401
    assert guesser.log_in("ada").headers["Retry-After"] == "2"
    clock.move(seconds=2)
    assert guesser.log_in("ada").status_code == 303
    # And then the slate is clean.
    assert Browser(app).log_in("ada", "wrong wrong wrong").status_code == 401
    assert Browser(app).log_in("ada").status_code == 303


def test_one_address_may_only_try_so_often_whatever_the_name(app: Flask, clock: Moved) -> None:
    guesser = Browser(app)
    for number in range(20):
        assert guesser.log_in(f"name{number}", "wrong wrong wrong").status_code == 401
    refused = guesser.log_in("ada")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    clock.move(minutes=5)
    assert guesser.log_in("ada", "wrong wrong wrong").status_code == 401


def test_guessing_one_name_from_many_addresses_slows_down(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, **on_fly("iad")) as app:
        Browser(app).sign_up()
        tries = [Browser(app).log_in("ada", "wrong wrong", Fly_Client_IP=f"203.0.113.{last}") for last in range(31)]
        assert [answer.status_code for answer in tries] == [401] * 30 + [429]
        assert tries[-1].headers["Retry-After"] == "1"
        for _ in range(6):
            clock.move(seconds=10)
            assert Browser(app).log_in("ada", "wrong wrong", Fly_Client_IP="203.0.113.99").status_code in (401, 429)
        # Nobody is kept out: ten seconds of peace are enough.
        clock.move(seconds=10)
        assert Browser(app).log_in("ada", Fly_Client_IP="203.0.113.100").status_code == 303


def test_a_customer_with_many_networks_is_one_who_tries_often(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, **on_fly("iad", SIGNUPS_PER_HOUR="1")) as app:
        form = {"password": PASSWORD, "zone": "UTC"}
        made = [
            Browser(app)
            .post("/signup", {**form, "name": f"name{part}"}, Fly_Client_IP=f"2001:db8:1:{part}::1")
            .status_code
            for part in range(9)
        ]
        assert made == [303] * 8 + [429]


def test_guesses_at_the_same_moment_share_no_place(app: Flask, ada: Browser) -> None:
    def guess(_: int) -> int:
        return Browser(app).log_in("ada", "wrong wrong wrong").status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(guess, range(12)))
    # Somebody may have been turned away for want of room at the database; nobody got a sixth guess.
    assert statuses.count(401) <= 5
    assert set(statuses) <= {401, 429, 503}


def test_new_accounts_from_one_address_are_limited(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, SIGNUPS_PER_HOUR="2") as app:
        Browser(app).sign_up("one")
        Browser(app).sign_up("two")
        form = {"name": "three", "password": PASSWORD, "zone": "UTC"}
        assert Browser(app).post("/signup", form).status_code == 429
        clock.move(hours=1)
        assert Browser(app).post("/signup", form).status_code == 303


def test_on_fly_the_client_is_who_the_proxy_says(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, **on_fly("iad", SIGNUPS_PER_HOUR="1")) as app:
        form = {"name": "one", "password": PASSWORD, "zone": "UTC"}
        assert Browser(app).post("/signup", form, Fly_Client_IP="203.0.113.1").status_code == 303
        assert Browser(app).post("/signup", {**form, "name": "two"}, Fly_Client_IP="203.0.113.1").status_code == 429
        assert Browser(app).post("/signup", {**form, "name": "two"}, Fly_Client_IP="203.0.113.2").status_code == 303


def test_a_name_longer_than_any_is_neither_kept_nor_sent_back(app: Flask) -> None:
    endless = "a" * 400_000
    answer = Browser(app).log_in(endless)
    assert (answer.status_code, len(answer.text) < 10_000) == (401, True)
    with app.extensions["habit_app"].store.reading() as link:
        assert max(len(bucket) for (bucket,) in link.run("SELECT bucket FROM attempts")) < 200


def test_elsewhere_anybody_could_say_anything(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, SIGNUPS_PER_HOUR="1") as app:
        form = {"name": "one", "password": PASSWORD, "zone": "UTC"}
        assert Browser(app).post("/signup", form, Fly_Client_IP="203.0.113.1").status_code == 303
        assert Browser(app).post("/signup", {**form, "name": "two"}, Fly_Client_IP="203.0.113.2").status_code == 429


def test_cookies_over_https_belong_to_this_host_alone(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, **on_fly("iad")) as app:
        form = {"name": "ada", "password": PASSWORD, "zone": "UTC"}
        answer = Browser(app).post("/signup", form, X_Forwarded_Proto="https")
        cookies = answer.headers.getlist("Set-Cookie")
        assert sorted(cookie.split("=")[0] for cookie in cookies) == ["__Host-rev", "__Host-session"]
        for cookie in cookies:
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_cookies_over_http_have_no_prefix_they_could_not_keep(app: Flask, ada: Browser) -> None:
    assert ada.cookie("session")
    assert ada.cookie("__Host-session") is None
    assert "Strict-Transport-Security" not in ada.get("/dashboard").headers


@pytest.mark.parametrize("change", [lambda value: value[:-1], lambda value: "x" + value, lambda value: ""])
def test_a_cookie_somebody_wrote_themselves_is_nothing(ada: Browser, change: object) -> None:
    value = ada.cookie("session")
    assert callable(change)
    ada.client.set_cookie("session", change(value))
    assert ada.get("/dashboard").location == "/login"


def test_one_kind_of_cookie_is_not_taken_for_the_other(ada: Browser) -> None:
    ada.client.set_cookie("session", ada.cookie("rev") or "")
    assert ada.get("/dashboard").location == "/login"


def test_a_session_ends_after_two_weeks_without_a_visit(ada: Browser, clock: Moved) -> None:
    clock.move(days=14, seconds=1)
    assert ada.get("/dashboard").location == "/login"


def test_visits_keep_a_session_alive_but_not_for_ever(ada: Browser, clock: Moved) -> None:
    for _ in range(8):
        clock.move(days=11)
        assert ada.get("/dashboard").status_code == 200
    clock.move(days=3)
    assert ada.get("/dashboard").location == "/login"


def test_a_cookie_is_renewed_once_a_day_only(ada: Browser, clock: Moved) -> None:
    assert "Set-Cookie" not in ada.get("/dashboard").headers
    clock.move(days=1, seconds=1)
    assert "session=" in ada.get("/dashboard").headers["Set-Cookie"]
    assert "Set-Cookie" not in ada.get("/dashboard").headers


def test_logging_out_everywhere_ends_other_sessions(app: Flask, ada: Browser) -> None:
    phone = Browser(app)
    phone.log_in()
    assert phone.get("/dashboard").status_code == 200
    assert ada.post("/logout", {"everywhere": "1"}).location == "/login"
    assert phone.get("/dashboard").location == "/login"
    assert phone.cookie("session") is None
    assert phone.log_in().status_code == 303
    assert phone.get("/dashboard").status_code == 200


def test_another_user_in_the_same_browser_sees_their_own(app: Flask, ada: Browser) -> None:
    ada.add_habit("Adas secret habit")
    ada.post("/logout")
    bob = ada.sign_up("bob")
    assert "Adas secret habit" not in bob.page()
