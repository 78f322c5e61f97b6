"""What operators see: a line for each request, and figures."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from habit_app.observe.logs import JsonLines
from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_client import START, Browser, Moved, app_at
from tests.functional.habit_app.habit_server import PASSWORD, Visitor, on_fly
from tests.waiting import eventually


def figures(browser: Browser) -> dict[str, float]:
    """Everything under /metrics, by name and labels."""
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def loads(browser: Browser) -> dict[str, float]:
    """Dashboards shown, by where their data came from."""
    start = "habit_page_loads_total{data="
    found = {name: value for name, value in figures(browser).items() if name.startswith(start)}
    return {name.removeprefix(start).rstrip("}"): value for name, value in found.items() if value}


def test_page_loads_say_where_their_data_came_from(app: Flask, ada: Browser, clock: Moved) -> None:
    habit = ada.add_habit("Read")
    before = loads(ada)
    ada.tick(habit, START.date())
    for _ in range(3):
        ada.page()
    # The first after a change is drawn from the snapshot that the change left; nobody asked the database for a page.
    assert loads(ada) == {**before, "snapshot": before.get("snapshot", 0) + 1, "page": before.get("page", 0) + 2}
    clock.move(minutes=2)
    ada.page()
    assert loads(ada)["database"] == before.get("database", 0) + 1


def test_requests_are_counted_by_what_came_of_them(app: Flask) -> None:
    browser = Browser(app)
    browser.get("/login")
    browser.get("/nothing")
    browser.client.open("/login", method="BREW")
    found = figures(browser)
    assert found["habit_requests_total{method=GET,status=200}"] == 1
    assert found["habit_requests_total{method=GET,status=404}"] == 1
    assert found["habit_requests_total{method=other,status=405}"] == 1
    assert found["habit_request_seconds_count{}"] == 3
    assert found["habit_request_seconds_bucket{le=+Inf}"] == 3


def test_figures_are_for_those_inside(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock, **on_fly("iad")) as app:
        inside = Browser(app)
        assert inside.get("/metrics").status_code == 200
        for header in ("Fly-Client-IP", "Fly-Request-Id", "X-Forwarded-For"):
            assert inside.get("/metrics", **{header: "192.0.2.1"}).status_code == 404


def test_on_fly_each_request_is_a_line_of_json(start: Start) -> None:
    server = start(**on_fly("iad"))
    visitor = Visitor(server).sign_up("ada")
    visitor.get("/dashboard", Fly_Request_Id="01ABC-fra")
    visitor.get("/nothing%0a%7b%22level%22", Fly_Request_Id="no id, but {something}")
    visitor.get("/api/health")
    server.terminate()
    server.wait()
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    asked = [line for line in lines if "method" in line]
    assert [(line["method"], line["path"], line["status"]) for line in asked] == [
        ("POST", "/signup", 303),
        ("GET", "/dashboard", 200),
        ("GET", '/nothing\n{"level"', 404),
    ]
    seen = asked[1]
    assert (seen["region"], seen["machine"], seen["request"]) == ("iad", "machine-iad", "01ABC-fra")
    assert seen["level"] == "info"
    assert 0 <= seen["ms"] < 60_000
    assert len(seen["user"]) == 12
    assert "user" not in asked[0]
    assert asked[2]["request"] not in ("", "01ABC-fra")
    text = "".join(server.log)
    assert PASSWORD not in text
    assert visitor.session.cookies["session"] not in text


def test_a_user_has_the_same_name_in_every_region_and_it_is_not_their_id(start: Start, tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'habits.db'}"
    near, far = start(**on_fly("iad", DATABASE_URL=url)), start(**on_fly("fra", DATABASE_URL=url))
    visitor = Visitor(near).sign_up("ada")
    visitor.get("/dashboard")
    elsewhere = visitor.elsewhere(far)
    elsewhere.session.headers["Origin"] = near.url
    user = elsewhere.dashboard().split('data-user="')[1].split('"')[0]
    eventually(lambda: users(near.log) and users(far.log))
    assert users(near.log) == users(far.log)
    assert users(near.log) != {user}


def users(log: list[str]) -> set[str]:
    """Whoever is named in a log."""
    lines = [json.loads(line) for line in log if line.startswith("{")]
    return {line["user"] for line in lines if "user" in line}


def test_elsewhere_lines_are_for_people(start: Start) -> None:
    server = start()
    requests.get(f"{server.url}/login", timeout=10)
    eventually(lambda: [line for line in server.log if line.endswith("INFO GET /login 200\n")])


def test_whatever_is_said_during_a_request_carries_its_id(tmp_path: Path, clock: Moved) -> None:
    heard: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(json.loads(self.format(record)))

    with app_at(tmp_path, clock, **on_fly("iad", DATABASE_URL=f"sqlite://{tmp_path}")) as app:
        handler = Keep()
        handler.setFormatter(JsonLines(app.extensions["habit_app"].settings))
        logger = logging.getLogger("habit_app")
        logger.addHandler(handler)
        try:
            # The database is a directory: it cannot be opened.
            assert Browser(app).post("/login", {"name": "ada"}, Fly_Request_Id="01ABC").status_code == 503
        finally:
            logger.removeHandler(handler)
    (said,) = [line for line in heard if "database" in line["text"]]
    assert (said["level"], said["request"], said["region"]) == ("error", "01ABC", "iad")


def test_a_traceback_is_part_of_its_line(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock) as app:
        lines = JsonLines(app.extensions["habit_app"].settings)
    try:
        raise ValueError("broken")
    except ValueError as problem:
        kind = (type(problem), problem, problem.__traceback__)
    record = logging.LogRecord("habit_app", logging.ERROR, "file", 1, "it %s", ("broke",), kind)
    line = lines.format(record)
    assert "\n" not in line
    assert json.loads(line)["text"] == "it broke"
    assert "ValueError: broken" in json.loads(line)["traceback"]


@pytest.mark.parametrize("module", ["prometheus_client", "psycopg"])
def test_what_is_rarely_needed_does_not_make_every_start_slower(module: str) -> None:
    program = f"import sys, habit_app.app; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
