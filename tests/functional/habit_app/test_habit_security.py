"""Writes from elsewhere, and what every answer carries."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from habit_app.edge.headers import CONTENT_POLICY
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import PASSWORD, on_fly


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One kind of database is enough here."""
    return f"sqlite://{tmp_path / 'habits.db'}"


FOREIGN = [
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "null"},
    {"Accept": "*/*"},
]
OUR_OWN = [{"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}, {"Origin": "http://localhost"}]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_make_a_signed_in_browser_write(ada: Browser, headers: dict[str, str]) -> None:
    habit = ada.add_habit()
    assert ada.post("/habits", {"name": "Evil"}, **headers).status_code == 403
    assert ada.post("/logout", None, **headers).status_code == 403
    assert ada.put(f"/api/habits/{habit}/entries/2026-01-30", {"done": True}, **headers).status_code == 403
    assert ada.done() == []
    assert "Evil" not in ada.page()


@pytest.mark.parametrize("headers", OUR_OWN)
def test_our_own_pages_can(ada: Browser, headers: dict[str, str]) -> None:
    assert ada.post("/habits", {"name": "Good"}, **headers).status_code == 303


def test_a_browser_that_says_nothing_proves_itself_with_the_forms_token(ada: Browser) -> None:
    habit, token, silent = ada.add_habit(), ada.token(), {"Accept": "*/*"}
    assert ada.post("/habits", {"name": "Good", "token": token}, **silent).status_code == 303
    assert ada.post("/habits", {"name": "Good", "token": token[:-1]}, **silent).status_code == 403
    day = f"/api/habits/{habit}/entries/2026-01-30"
    assert ada.put(day, {"done": True}, X_Form_Token=token).status_code == 200


def test_one_users_token_is_not_another_users(app: Flask, ada: Browser) -> None:
    bob = Browser(app).sign_up("bob")
    assert ada.post("/habits", {"name": "x", "token": bob.token()}, Accept="*/*").status_code == 403


@pytest.mark.parametrize("headers", FOREIGN[:-1])
def test_nobody_can_be_logged_in_or_signed_up_from_another_site(app: Flask, headers: dict[str, str]) -> None:
    form = {"name": "ada", "password": PASSWORD, "zone": "UTC"}
    for path in ("/signup", "/login"):
        answer = Browser(app).post(path, form, **headers)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("path", ["/login", "/signup", "/dashboard", "/settings", "/api/health", "/nowhere", "/api/x"])
def test_every_answer_carries_strict_headers(ada: Browser, path: str) -> None:
    headers = ada.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] in ("no-store", "private, no-cache")


def test_pages_keep_to_their_own_policy(app: Flask, ada: Browser) -> None:
    habit = ada.add_habit()
    for path in ("/dashboard", "/settings", f"/habits/{habit}/edit", "/nowhere"):
        page = ada.get(path).text
        assert "<style" not in page
        assert "style=" not in page
        assert " on" + "click" not in page
        assert page.count("<script") == page.count('<script src="/static/')
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page


def test_what_people_type_is_shown_as_text(ada: Browser) -> None:
    habit = ada.add_habit('<script>alert("1")</script>')
    for path in ("/dashboard", f"/habits/{habit}/edit"):
        page = ada.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_a_body_that_is_too_big_is_refused(app: Flask, ada: Browser) -> None:
    assert ada.post("/habits", {"name": "x" * 1_000_001}).status_code == 413


@pytest.mark.parametrize("path", ["/logout", "/habits", "/habits/1/archive", "/habits/1/mark"])
def test_nothing_is_written_on_get(ada: Browser, path: str) -> None:
    answer = ada.get(path)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_static_files_are_kept_for_good_under_their_own_name_only(app: Flask, ada: Browser) -> None:
    href = ada.page().split('rel="stylesheet" href="')[1].split('"')[0]
    assert ada.get(href).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    # A page of the release before asks for the style sheet of the release before.
    other = ada.get("/static/app.css?v=000000000000")
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    assert ada.get("/static/../app.py").status_code == 404
    assert ada.get("/static/nothing.css").status_code == 404


@pytest.mark.parametrize(
    "path", ["/metrics", "/internal/snapshot", "/api/health", "/nothing", "/login", "/static/app.css"]
)
def test_every_answer_has_a_content_policy_whichever_layer_gives_it(tmp_path: Path, clock: Moved, path: str) -> None:
    for region in ("iad", "nrt"):
        with app_at(tmp_path / region, clock, **on_fly(region)) as app:
            for method in ("GET", "POST"):
                answer = Browser(app).client.open(path, method=method)
                assert answer.headers.getlist("Content-Security-Policy") == [CONTENT_POLICY], (region, method)
