"""Two machines, one database: writes go home, and nobody misses their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from habit_app.store.migrations import newest
from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_server import Server, Visitor, on_fly

REPLAY = "region=iad;state=write;timeout=5s;fallback=prefer_self"
SOURCE = {"Fly_Replay_Src": "instance=machine-nrt;region=nrt;t=1;state=write"}


@pytest.fixture
def primary(start: Start, database_url: str) -> Server:
    """A machine in the primary region."""
    return start(**on_fly("iad", DATABASE_URL=database_url))


@pytest.fixture
def far(start: Start, database_url: str) -> Server:
    """A machine in Tokyo."""
    return start(**on_fly("nrt", DATABASE_URL=database_url))


def test_a_write_in_tokyo_is_replayed_and_seen_in_tokyo(primary: Server, far: Server) -> None:
    here = Visitor(primary).sign_up()
    habit = here.add_habit()
    tokyo = here.elsewhere(far)
    today = tokyo.today()
    assert tokyo.done(habit) == []

    # The far machine only says where to; this test is the proxy that goes there.
    answer = tokyo.post(f"/habits/{habit}/mark", {"mark": f"{today}:1"})
    assert (answer.status_code, answer.headers["Fly-Replay"], answer.content) == (409, REPLAY, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    replayed = Visitor(primary, tokyo.session.cookies)
    assert replayed.post(f"/habits/{habit}/mark", {"mark": f"{today}:1"}, **SOURCE).status_code == 303

    assert replayed.elsewhere(far).done(habit) == [today]


def test_another_device_may_lag_but_the_one_that_wrote_does_not(primary: Server, far: Server) -> None:
    phone = Visitor(primary).sign_up()
    habit = phone.add_habit()
    laptop = phone.elsewhere(far)
    today = laptop.today()
    assert phone.put(f"/api/habits/{habit}/entries/{today}", {"done": True}).status_code == 200
    # Tokyo's page is less than a minute old and the laptop has not heard of anything newer.
    assert laptop.done(habit) == []
    assert phone.elsewhere(far).done(habit) == [today]


def test_every_machine_says_who_it_is(primary: Server, far: Server) -> None:
    for server, region in ((primary, "iad"), (far, "nrt")):
        answer = requests.get(f"{server.url}/api/health", timeout=10)
        body = answer.json()
        assert answer.status_code == 200
        assert body.pop("timestamp").endswith("Z")
        assert body == {"status": "ok", "region": region, "machine": f"machine-{region}", "release": "01HVERSION"}


def test_a_far_machine_works_even_if_it_is_first(far: Server) -> None:
    answer = requests.get(f"{far.url}/api/ready", timeout=10)
    assert (answer.status_code, answer.json()["schema"]) == (200, newest())


def test_a_replayed_write_that_lost_its_way_is_not_sent_round_in_circles(far: Server) -> None:
    answer = Visitor(far).post("/login", {"name": "ada"}, **SOURCE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Fly-Replay" not in answer.headers


def test_a_connection_survives_a_replay_of_a_request_with_a_body(far: Server) -> None:
    tokyo = Visitor(far)
    for _ in range(3):
        assert tokyo.post("/habits", {"name": "x" * 20_000}).status_code == 409
        assert tokyo.get("/login").status_code == 200


def test_a_machine_with_a_database_of_its_own_sends_reads_home(start: Start, tmp_path: Path) -> None:
    alone = start(**on_fly("nrt"))
    tokyo = Visitor(alone)
    assert tokyo.get("/dashboard").headers["Fly-Replay"] == REPLAY
    assert tokyo.get("/api/health").status_code == 200
    assert tokyo.get("/static/app.css").status_code == 200
