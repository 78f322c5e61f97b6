"""Two regions, the far one with a copy of the database; the tests copy it, and write the files that LiteFS would."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from habit_app.edge.replay import RevisionCookie
from habit_app.settings import SettingsError, read_settings
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import PASSWORD, SECRET, on_fly

TODAY = date(2026, 1, 30)


class LiteFS:
    """What both regions see of it: a directory each."""

    def __init__(self, place: Path) -> None:
        self.home, self.copy = place / "iad-litefs", place / "nrt-litefs"
        for directory in (self.home, self.copy):
            directory.mkdir()
        self.position = 0

    def wrote(self) -> None:
        """The primary's next transaction is written: the app that answers after it finds it counted."""
        self.position += 1
        self._say(self.home)

    def hand_on(self) -> None:
        """The copy gets all there is."""
        with sqlite3.connect(self.home / "habits.db") as here, sqlite3.connect(self.copy / "habits.db") as there:
            here.backup(there)
        here.close()
        there.close()
        self._say(self.copy)

    def _say(self, directory: Path) -> None:
        (directory / "habits.db-pos").write_text(f"{self.position:016x}/8b87423eeeeeeeee\n")


@pytest.fixture
def litefs(tmp_path: Path) -> LiteFS:
    return LiteFS(tmp_path)


@pytest.fixture
def primary(tmp_path: Path, clock: Moved, litefs: LiteFS) -> Iterator[Flask]:
    with app_at(tmp_path / "iad", clock, **on_fly("iad", LITEFS_DIR=str(litefs.home))) as app:
        yield app


@pytest.fixture
def far(tmp_path: Path, clock: Moved, litefs: LiteFS) -> Iterator[Flask]:
    with app_at(tmp_path / "nrt", clock, **on_fly("nrt", LITEFS_DIR=str(litefs.copy))) as app:
        yield app


class Traveller:
    """Ada in Tokyo: what Tokyo sends home is played in Virginia, as the proxy does it, and her cookies follow."""

    def __init__(self, primary: Flask, far: Flask, litefs: LiteFS) -> None:
        self.home, self.there, self.litefs = Browser(primary), Browser(far), litefs
        litefs.wrote()
        self.home.sign_up()
        self._carry(self.home, self.there)

    def post(self, path: str, **form: str) -> str:
        """A form, sent in Tokyo; gives where the browser is sent on to."""
        assert self.there.post(path, form).headers["Fly-Replay"].startswith("region=iad;")
        self.litefs.wrote()
        answer = self.home.post(path, form)
        assert answer.status_code in (200, 303), answer.text
        self._carry(self.home, self.there)
        return str(answer.location)

    def put(self, path: str, body: object) -> None:
        assert self.there.put(path, body).headers["Fly-Replay"].startswith("region=iad;")
        self.litefs.wrote()
        assert self.home.put(path, body).status_code == 200
        self._carry(self.home, self.there)

    def get(self, path: str) -> tuple[str, str]:
        """Who answers in the end, and what."""
        answer = self.there.get(path)
        if answer.status_code == 409:
            assert answer.headers["Fly-Replay"].startswith("region=iad;")
            answer = self.home.get(path)
        assert answer.status_code == 200, answer.text
        return answer.headers["X-Served-By"].split("/")[0], answer.text

    def _carry(self, one: Browser, other: Browser) -> None:
        for name in ("session", "rev"):
            value = one.cookie(name)
            if value is None:
                other.client.delete_cookie(name)
            else:
                other.client.set_cookie(name, value)


@pytest.fixture
def ada(primary: Flask, far: Flask, litefs: LiteFS) -> Traveller:
    return Traveller(primary, far, litefs)


def position_in(browser: Browser) -> int:
    return RevisionCookie([SECRET.encode()]).position(browser.cookie("rev"))


def test_every_page_is_read_from_the_copy(ada: Traveller, litefs: LiteFS) -> None:
    ada.post("/habits", name="Juggle")
    litefs.hand_on()
    habit = ada.there.habits()[0]
    for path in ("/dashboard", "/settings", f"/habits/{habit}", "/account", "/account/tokens"):
        region, text = ada.get(path)
        assert region == "nrt"
        assert "Juggle" in text or path.startswith("/account")


def test_until_the_copy_has_a_write_its_writer_reads_at_home(ada: Traveller, litefs: LiteFS) -> None:
    litefs.hand_on()
    assert ada.get("/dashboard")[0] == "nrt"
    ada.post("/habits", name="Juggle")
    region, page = ada.get("/dashboard")
    assert (region, "Juggle" in page) == ("iad", True)
    assert ada.get("/settings")[0] == "iad"
    litefs.hand_on()
    region, page = ada.get("/dashboard")
    assert (region, "Juggle" in page) == ("nrt", True)


def test_who_is_new_is_known_where_the_copy_does_not_know_them_yet(ada: Traveller) -> None:
    assert ada.get("/dashboard")[0] == "iad"  # and is not asked to sign in


def test_ticks_are_seen_in_the_next_page_whoever_shows_it(ada: Traveller, litefs: LiteFS) -> None:
    ada.post("/habits", name="Juggle")
    litefs.hand_on()
    (habit,) = ada.there.habits()
    for number in range(8):
        done = number % 2 == 0
        ada.put(f"/api/habits/{habit}/entries/{TODAY}", {"done": done})
        if number % 3:
            litefs.hand_on()
        region, page = ada.get("/dashboard")
        assert region == ("nrt" if number % 3 else "iad")
        assert (f'data-day="{TODAY}" aria-pressed="true"' in page) is done


def test_a_write_that_changes_no_dashboard_is_waited_for_as_well(ada: Traveller, litefs: LiteFS) -> None:
    """A token has no revision: the position alone says that there is something new."""
    litefs.hand_on()
    ada.post("/account/tokens", name="watch")
    assert position_in(ada.there) == litefs.position
    region, page = ada.get("/account/tokens")
    assert (region, "watch" in page) == ("iad", True)


def test_another_browser_waits_for_nothing(ada: Traveller, far: Flask, litefs: LiteFS) -> None:
    litefs.hand_on()
    laptop = Browser(far)
    laptop.client.set_cookie("session", ada.home.cookie("session") or "")
    ada.post("/habits", name="Juggle")
    assert laptop.get("/dashboard").status_code == 200
    assert "Juggle" not in laptop.page()


def test_the_copy_is_never_written(ada: Traveller, litefs: LiteFS) -> None:
    litefs.hand_on()
    before = (litefs.copy / "habits.db").read_bytes()
    for path in ("/dashboard", "/settings", "/account", "/api/ready"):
        assert ada.there.get(path).status_code == 200
    assert (litefs.copy / "habits.db").read_bytes() == before


def test_a_copy_that_is_not_there_yet_sends_visits_home(ada: Traveller, litefs: LiteFS, far: Flask) -> None:
    ada.there.client.delete_cookie("rev")
    assert ada.there.get("/dashboard").headers["Fly-Replay"].startswith("region=iad;")
    assert not (litefs.copy / "habits.db").exists()
    assert ada.there.get("/api/ready").status_code == 503
    assert ada.there.get("/api/health").status_code == 200


def test_signing_out_takes_the_position_along(ada: Traveller, litefs: LiteFS) -> None:
    litefs.hand_on()
    assert ada.post("/logout") == "/login"
    assert ada.there.cookie("rev") is None
    assert ada.there.get("/dashboard").location == "/login"
    litefs.wrote()
    assert ada.home.log_in("ada", PASSWORD).status_code == 303
    assert position_in(ada.home) == litefs.position


def test_a_program_reads_where_it_writes(ada: Traveller, far: Flask, litefs: LiteFS) -> None:
    litefs.wrote()
    made = ada.home.post("/account/tokens", {"name": "watch"}).text
    (token,) = re.findall(r"habits_[\w-]{20,}", made)
    litefs.hand_on()
    program = Browser(far)
    assert program.get("/api/habits", Authorization=f"Bearer {token}").headers["Fly-Replay"].startswith("region=iad;")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"LITEFS_DIR": "/nowhere/litefs"},
            r"^LITEFS_DIR is /nowhere/litefs, which does not exist\. Let 'litefs mount'",
        ),
        ({"LITEFS_DIR": "/tmp", "DATABASE_URL": "sqlite:///x.db"}, r"^DATABASE_URL and LITEFS_DIR are both set"),
    ],
)
def test_what_would_copy_nothing_is_refused_at_start(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(on_fly("nrt", SECRET_KEY=SECRET, INSTANCE_DIR=str(tmp_path), **variables))
