"""The app inside the test's own process, with a clock the test moves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from habit_app.app import create_app
from tests.functional.habit_app.habit_server import PASSWORD, SECRET

START = datetime(2026, 1, 30, 12, 0, tzinfo=UTC)  # a Friday


class Moved:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        """At noon UTC on a Friday."""
        self.now = START

    def __call__(self) -> datetime:
        """The instant it shows."""
        return self.now

    def move(self, **delta: float) -> None:
        """Move it on, as in `timedelta`."""
        self.now += timedelta(**delta)


class Browser:
    """One browser at one app."""

    def __init__(self, app: Flask, base: str = "http://localhost") -> None:
        """With no cookies yet."""
        self.client: FlaskClient = app.test_client()
        self.base = base

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET."""
        return self.client.get(path, base_url=self.base, headers=dashed(headers))

    def post(self, path: str, data: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """POST a form from our own page, unless the headers say otherwise."""
        sent = dashed(headers) or {"Sec-Fetch-Site": "same-origin"}
        return self.client.post(path, data=data or {}, base_url=self.base, headers=sent)

    def put(self, path: str, body: object, **headers: str) -> TestResponse:
        """PUT JSON from our own page, unless the headers say otherwise."""
        sent = dashed(headers) or {"Sec-Fetch-Site": "same-origin"}
        return self.client.put(path, json=body, base_url=self.base, headers=sent)

    def sign_up(self, name: str = "ada", zone: str = "UTC") -> Browser:
        """Make an account and stay signed in."""
        answer = self.post("/signup", {"name": name, "password": PASSWORD, "zone": zone})
        assert (answer.status_code, answer.location) == (303, "/dashboard"), answer.text
        return self

    def log_in(self, name: str = "ada", password: str = PASSWORD, **headers: str) -> TestResponse:
        """Try to log in."""
        return self.post("/login", {"name": name, "password": password}, **headers)

    def add_habit(self, name: str = "Read", **schedule: object) -> str:
        """Add a habit and give its id."""
        before = set(self.habits())
        answer = self.post("/habits", {"name": name, **schedule})
        assert answer.status_code == 303, answer.text
        (added,) = set(self.habits()) - before
        return added

    def tick(self, habit: str, day: date, done: bool = True) -> TestResponse:
        """Tick or untick a day as the script does."""
        return self.put(f"/api/habits/{habit}/entries/{day}", {"done": done})

    def page(self) -> str:
        """The dashboard's HTML."""
        answer = self.get("/dashboard")
        assert answer.status_code == 200, answer.status
        return answer.text

    def habits(self) -> list[str]:
        """Ids of the habits on the dashboard, in order."""
        return re.findall(r'data-habit="(\w+)"', self.page())

    def done(self) -> list[str]:
        """Days shown as done, oldest first, of all habits."""
        return re.findall(r'class="day[^>]*data-day="([\d-]+)" aria-pressed="true"', self.page())

    def token(self) -> str:
        """What the forms of the dashboard carry."""
        (first, *_) = re.findall(r'data-token="(\w+)"', self.page())
        return str(first)

    def cookie(self, name: str) -> str | None:
        """A cookie's value."""
        found = self.client.get_cookie(name)
        return found.value if found else None


def dashed(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names from keyword names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def app_at(place: Path, clock: Moved, **variables: str) -> Iterator[Flask]:
    """The app, for as long as the block lasts."""
    app = create_app({"INSTANCE_DIR": str(place), "SECRET_KEY": SECRET, **variables}, clock=clock)
    try:
        yield app
    finally:
        app.extensions["habit_app"].store.close()
