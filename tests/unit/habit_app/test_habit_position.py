"""Waiting for one's own writes where a copy of the database is read: a real file says how far the copy is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from habit_app.edge.position import (
    MOST_WAITING,
    PAUSE_SECONDS,
    WAIT_SECONDS,
    PositionFile,
    PositionUnknown,
    WaitForOwnWrites,
)
from habit_app.edge.replay import Environ, RevisionCookie, StartResponse, WsgiApp

KEY = b"a key of thirty-two bytes or more"
CHECKSUM = "8b87423eeeeeeeee"


def say(text: str) -> WsgiApp:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(len(text)))])
        return [text.encode()]

    return app


class Copy:
    """A region with a copy, on a clock that only waiting moves."""

    def __init__(self, place: Path) -> None:
        self.database = place / "habits.db"
        self.file = PositionFile(self.database)
        self.time = 0.0
        self.waiting: Callable[[], None] = lambda: None
        self.app = WaitForOwnWrites(
            say("here"),
            wanted=lambda environ: int(environ.get("HTTP_WANTED", "0")),
            position=self.file,
            otherwise=say("home"),
            seconds=lambda: self.time,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        self.time += seconds
        self.waiting()

    def is_at(self, position: int) -> None:
        self.file.path.write_text(f"{position:016x}/{CHECKSUM}\n")

    def ask(self, wanted: int, method: str = "GET", path: str = "/dashboard", **headers: str) -> str:
        sent = Headers({"Wanted": str(wanted), **headers})
        environ = EnvironBuilder(path=path, method=method, headers=sent).get_environ()
        return b"".join(run_wsgi_app(self.app, environ)[0]).decode()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@given(position=st.integers(0, 2**64 - 1))
def test_a_position_is_read_as_litefs_writes_it(tmp_path_factory: pytest.TempPathFactory, position: int) -> None:
    copy = Copy(tmp_path_factory.mktemp("copy"))
    copy.is_at(position)
    assert copy.file.path.name == "habits.db-pos"
    assert copy.file.read() == position


@pytest.mark.parametrize("text", ["", "12", "0000000000000001", "zz00000000000001/0000000000000000\n", "1/2\n"])
def test_what_is_no_position_is_not_taken_for_one(copy: Copy, text: str) -> None:
    copy.file.path.write_text(text)
    with pytest.raises(PositionUnknown, match="holds no position"):
        copy.file.read()


def test_who_has_written_nothing_waits_for_nothing(copy: Copy) -> None:
    assert copy.ask(0) == "here"  # there is not even a file
    assert copy.time == 0


@pytest.mark.parametrize("behind", [0, 1])
def test_a_copy_that_has_the_write_is_read_at_once(copy: Copy, behind: int) -> None:
    copy.is_at(7 + behind)
    assert copy.ask(7) == "here"
    assert copy.time == 0


def test_a_copy_that_gets_the_write_meanwhile_is_waited_for(copy: Copy) -> None:
    copy.is_at(6)
    copy.waiting = lambda: copy.is_at(7 if copy.time > 4.5 * PAUSE_SECONDS else 6)
    assert copy.ask(7) == "here"
    assert copy.time == pytest.approx(5 * PAUSE_SECONDS)


def test_a_copy_that_stays_behind_is_not_waited_for_longer_than_promised(copy: Copy) -> None:
    copy.is_at(6)
    assert copy.ask(7) == "home"
    assert WAIT_SECONDS <= copy.time < WAIT_SECONDS + 2 * PAUSE_SECONDS


def test_a_copy_nobody_knows_the_state_of_is_not_read(copy: Copy, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "habit_app"):
        assert copy.ask(7) == "home"
        copy.file.path.write_text("soon\n")
        assert copy.ask(7) == "home"
    assert [record.message.count("how new this copy is") for record in caplog.records] == [1, 1]
    assert copy.time == 0


def test_a_file_that_goes_away_while_a_request_waits_sends_it_home(copy: Copy) -> None:
    copy.is_at(6)
    copy.waiting = lambda: copy.file.path.unlink(missing_ok=True)
    assert copy.ask(7) == "home"


def test_few_wait_and_the_others_go_home_at_once(copy: Copy) -> None:
    copy.is_at(6)
    waited: list[float] = []
    started = 1

    def another() -> None:
        nonlocal started
        if started <= MOST_WAITING:
            started += 1
            before = copy.time
            assert copy.ask(7) == "home"
            waited.append(copy.time - before)

    copy.waiting = another
    assert copy.ask(7) == "home"
    # The last one to come is the first to be answered: it found no room.
    assert len(waited) == MOST_WAITING
    assert [time > 0 for time in waited] == [False] + [True] * (MOST_WAITING - 1)
    copy.waiting = lambda: copy.is_at(7)
    assert copy.ask(7) == "here"  # and there is room again


@pytest.mark.parametrize(("method", "path"), [("POST", "/habits"), ("GET", "/api/health"), ("GET", "/static/app.css")])
def test_what_shows_nobodys_data_waits_for_nothing(copy: Copy, method: str, path: str) -> None:
    copy.is_at(6)
    assert copy.ask(7, method, path) == "here"
    assert copy.time == 0


def test_a_program_with_a_token_reads_where_it_writes(copy: Copy) -> None:
    copy.is_at(9)
    assert copy.ask(0, path="/api/habits", Authorization="Bearer habits_x") == "home"


@given(revision=st.integers(0, 2**40), position=st.integers(0, 2**63))
def test_the_cookie_carries_both(revision: int, position: int) -> None:
    cookie = RevisionCookie([KEY])
    value = cookie.write("ada", revision, position)
    assert (cookie.read(value, "ada"), cookie.position(value)) == (revision, position)
    assert cookie.read(value, "bob") == 0


def test_a_cookie_without_a_position_is_the_one_that_older_releases_read() -> None:
    cookie = RevisionCookie([KEY])
    assert cookie.write("ada", 7) == cookie.write("ada", 7, 0)
    assert cookie.position(cookie.write("ada", 7)) == 0


@pytest.mark.parametrize("value", [None, "", ".", "e30.x", RevisionCookie([KEY + b"!"]).write("ada", 7, 9)])
def test_a_position_nobody_here_has_signed_is_none(value: str | None) -> None:
    assert RevisionCookie([KEY]).position(value) == 0
