"""A far region without a database: it asks the primary for snapshots, and keeps them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import make_server

from habit_app.context import Services
from habit_app.inside.signing import HEADER, Signer
from habit_app.known.cache import FRESH_SECONDS
from habit_app.known.snapshot import decode
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import SECRET, on_fly

TODAY = date(2026, 1, 30)
SIGNER = Signer(SECRET.encode())


@contextmanager
def serving(app: Flask, port: int = 0) -> Iterator[int]:
    """The app on a port of its own, for as long as the block lasts."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One kind of database is enough here: the far region sees none."""
    return f"sqlite://{tmp_path / 'habits.db'}"


@pytest.fixture
def primary(tmp_path: Path, clock: Moved, database_url: str) -> Iterator[Flask]:
    """The app in the primary region."""
    with app_at(tmp_path / "iad", clock, **on_fly("iad", DATABASE_URL=database_url)) as app:
        yield app


@pytest.fixture
def inside(primary: Flask) -> Iterator[int]:
    """The primary's port on the private network."""
    with serving(primary) as port:
        yield port


@pytest.fixture
def far(tmp_path: Path, clock: Moved, inside: int) -> Iterator[Flask]:
    """The app in Tokyo; nobody has told it about a database."""
    with app_at(tmp_path / "nrt", clock, **on_fly("nrt", FLY_LOCAL_INTERNAL=f"127.0.0.1:{inside}")) as app:
        yield app


@pytest.fixture
def home(primary: Flask) -> Browser:
    """Ada, in Virginia."""
    return Browser(primary).sign_up()


def travel(browser: Browser, app: Flask) -> Browser:
    """The same browser at another machine."""
    there = Browser(app)
    for name in ("session", "rev"):
        there.client.set_cookie(name, browser.cookie(name) or "")
    return there


def parts_of(app: Flask) -> Services:
    """The parts of the app."""
    parts: Services = app.extensions["habit_app"]
    return parts


def questions(app: Flask) -> int:
    """What the far machine has asked so far."""
    return int(parts_of(app).dashboards.source.source.guard.let_in)  # type: ignore[attr-defined]


def test_one_question_for_a_page_and_none_for_the_next(home: Browser, far: Flask) -> None:
    home.add_habit("Read")
    tokyo = travel(home, far)
    for _ in range(5):
        assert "Read" in tokyo.page()
    assert questions(far) == 1
    assert tokyo.get("/dashboard").headers["X-Served-By"] == "nrt/machine-nrt"


def test_a_machine_connects_before_its_first_visitor_comes(home: Browser, far: Flask) -> None:
    parts_of(far).dashboards.reach_quietly()
    assert questions(far) == 1
    connections = parts_of(far).dashboards.source.source._kept  # type: ignore[attr-defined]
    (made,) = connections
    travel(home, far).page()
    assert connections == [made]


def test_nobody_to_connect_to_at_the_start_is_no_trouble(
    primary: Flask, home: Browser, tmp_path: Path, clock: Moved
) -> None:
    with serving(primary) as port:
        pass
    with app_at(tmp_path / "nrt", clock, **on_fly("nrt", FLY_LOCAL_INTERNAL=f"127.0.0.1:{port}")) as far:
        parts_of(far).dashboards.reach_quietly()
        with serving(primary, port):
            assert travel(home, far).get("/dashboard").status_code == 200


def test_ones_own_write_is_seen_in_the_next_page(home: Browser, far: Flask) -> None:
    habit = home.add_habit()
    tokyo = travel(home, far)
    for number in range(1, 6):
        assert tokyo.tick(habit, TODAY).headers["Fly-Replay"].startswith("region=iad;")
        home.tick(habit, TODAY, done=number % 2 == 1)
        tokyo.client.set_cookie("rev", home.cookie("rev") or "")
        assert tokyo.done() == (["2026-01-30"] if number % 2 == 1 else [])
    assert questions(far) == 5


def test_another_device_follows_with_the_next_question_in_one_piece(home: Browser, far: Flask, clock: Moved) -> None:
    habit = home.add_habit()
    laptop = travel(home, far)
    assert laptop.done() == []
    home.tick(habit, TODAY)
    clock.move(seconds=25)
    assert laptop.done() == []
    assert parts_of(far).dashboards.follow() == 1
    assert laptop.done() == ["2026-01-30"]
    for _ in range(3):
        clock.move(seconds=25)
        assert parts_of(far).dashboards.follow() == 0
    asked = questions(far)
    assert laptop.done() == ["2026-01-30"]
    assert questions(far) == asked


def test_logging_out_everywhere_reaches_far_regions(home: Browser, far: Flask, clock: Moved) -> None:
    tokyo = travel(home, far)
    tokyo.page()
    home.post("/logout", {"everywhere": "1"})
    clock.move(seconds=25)
    parts_of(far).dashboards.follow()
    assert tokyo.get("/dashboard").location == "/login"


def test_a_machine_that_slept_asks_before_it_shows(home: Browser, far: Flask, clock: Moved) -> None:
    tokyo = travel(home, far)
    tokyo.page()
    clock.move(seconds=FRESH_SECONDS)
    tokyo.page()
    assert questions(far) == 2


def test_pages_that_take_the_database_are_the_primarys(home: Browser, far: Flask) -> None:
    habit, tokyo = home.add_habit(), travel(home, far)
    for path in ("/settings", f"/habits/{habit}/edit", "/nowhere"):
        answer = tokyo.get(path)
        assert (answer.status_code, answer.headers["Fly-Replay"].split(";")[0]) == (409, "region=iad")
        assert answer.headers["Content-Security-Policy"]
    for path in ("/login", "/signup"):
        assert Browser(far).get(path).status_code == 200
    assert Browser(far).get("/dashboard").location == "/login"
    assert tokyo.get("/").location == "/dashboard"
    assert tokyo.get("/api/ready").get_json()["status"] == "ready"
    assert tokyo.get("/api/health").status_code == 200


def test_when_the_primary_cannot_be_asked_the_visit_goes_home_once(
    home: Browser, primary: Flask, tmp_path: Path, clock: Moved
) -> None:
    with serving(primary) as port:
        pass
    with app_at(tmp_path / "nrt", clock, **on_fly("nrt", FLY_LOCAL_INTERNAL=f"127.0.0.1:{port}")) as far:
        tokyo = travel(home, far)
        assert tokyo.get("/dashboard").headers["Fly-Replay"].startswith("region=iad;")
        back = tokyo.get("/dashboard", Fly_Replay_Failed="instance=x;reason=timeout")
        assert (back.status_code, back.headers["Retry-After"]) == (503, "5")
        assert tokyo.get("/api/ready").status_code == 503
        with serving(primary, port):
            assert tokyo.get("/dashboard").status_code == 200


def test_a_connection_that_died_meanwhile_is_replaced(
    home: Browser, primary: Flask, tmp_path: Path, clock: Moved
) -> None:
    with serving(primary) as port:
        with app_at(tmp_path / "nrt", clock, **on_fly("nrt", FLY_LOCAL_INTERNAL=f"127.0.0.1:{port}")) as far:
            tokyo = travel(home, far)
            tokyo.page()
    with serving(primary, port):
        parts_of(far).dashboards.cache.forget(parts_of(far).dashboards.cache.revisions().popitem()[0])
        tokyo.page()


def ask(app: Flask, user: str, *, question: str | None = None, path: str = "/internal/snapshot", **headers: str) -> int:
    """Put a question to the primary, and give the status."""
    now = int(parts_of(app).clock().timestamp())
    sent = {HEADER: SIGNER.question(path, user.encode(), now) if question is None else question}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().post(path, data=user.encode(), headers={**sent, **named}).status_code


def test_only_machines_of_the_app_are_answered(home: Browser, primary: Flask, far: Flask, clock: Moved) -> None:
    user = next(iter(parts_of(primary).dashboards.cache.revisions()))
    now = int(clock().timestamp())
    assert ask(primary, user) == 200
    for header in ("Fly_Client_IP", "Fly_Forwarded_Port", "Fly_Request_Id", "X_Forwarded_For"):
        assert ask(primary, user, **{header: "1"}) == 404
    assert ask(far, user) == 404
    assert primary.test_client().get("/internal/snapshot").status_code == 404
    for forged in ("", "x", f"{now}.", f"{now}.0", "9" * 400, SIGNER.question("/internal/snapshot", b"bob", now)):
        assert ask(primary, user, question=forged) == 403
    for shift in (-31, 31):
        late = SIGNER.question("/internal/snapshot", user.encode(), now + shift)
        assert ask(primary, user, question=late) == 403
    other = Signer(b"another secret, which is long enough").question("/internal/snapshot", user.encode(), now)
    assert ask(primary, user, question=other) == 403


def test_a_snapshot_is_small_and_has_no_password(home: Browser, primary: Flask) -> None:
    for number in range(8):
        home.add_habit(f"Habit {number}")
    parts = parts_of(primary)
    found = parts.dashboards.source.snapshot(next(iter(parts.dashboards.cache.revisions())))
    assert found
    assert len(found[1]) < 1_500
    assert decode(found[1]) == found[0]
    assert b"argon2" not in found[1] + gzip.compress(repr(found[0]).encode())
    assert "argon2" not in repr(found[0])


def test_nobody_is_nobody(primary: Flask, far: Flask) -> None:
    assert parts_of(far).dashboards.source.snapshot("nobody") is None
    assert parts_of(far).dashboards.source.moved({"nobody": 1}) == {"nobody"}
