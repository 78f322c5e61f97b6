"""Every door of the app, and more than anybody could mean at each: nothing breaks, and nothing of it is kept."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.functional.habit_app.habit_client import Browser, Moved, app_at

FIELDS = (
    *(
        "name",
        "password",
        "new",
        "zone",
        "day_start",
        "kind",
        "times",
        "weekday",
        "once",
        "mark",
        "day",
        "state",
        "note",
    ),
    *("first", "last", "by", "token", "everywhere"),
)
# Doors where a password is hashed, which takes its time: only with what they look at.
HASHED = {
    "/login": ("name", "password"),
    "/signup": ("name", "password", "zone"),
    "/account/password": ("password", "new"),
    "/account/delete": ("password",),
}
ENDLESS = 20_000
# An argon2 hash is the longest thing that is kept on purpose.
LONGEST_KEPT = 200
GOOD = {
    "name": "Read",
    "password": "another horse battery",
    "zone": "UTC",
    "kind": "daily",
    "day": "2026-01-30",
    "state": "done",
}


def longest_kept(database: Path) -> int:
    """Length of the longest text in the database."""
    with sqlite3.connect(database) as link:
        tables = [name for (name,) in link.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = 0
        for table in tables:
            for row in link.execute(f"SELECT * FROM {table}"):
                found = max(found, *(len(value) for value in row if isinstance(value, str)), 0)
    return found


@pytest.mark.parametrize("filling", ["a", "\N{ARABIC-INDIC DIGIT FOUR}\0"])
def test_nothing_endless_breaks_or_is_kept(tmp_path: Path, clock: Moved, filling: str) -> None:
    database = tmp_path / "habits.db"
    with app_at(tmp_path / "instance", clock, DATABASE_URL=f"sqlite://{database}", SIGNUPS_PER_HOUR="10000") as app:
        ada = Browser(app).sign_up()
        habit = ada.add_habit()
        endless = filling * (ENDLESS // len(filling.encode()))
        doors = [
            (method, str(rule).replace("<habit_id>", habit).replace("<day>", "2026-01-30").replace("<token_id>", "x"))
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) & {"POST", "PUT"})
            if str(rule) != "/logout"  # or the doors after it would be closed
        ]
        assert len(doors) > 15
        for method, path in doors:
            for field in HASHED.get(path, FIELDS):
                sent = {**GOOD, field: endless}
                answer = ada.client.open(path, method=method, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
                assert answer.status_code < 500, (path, field)
                assert len(answer.data) < 15_000, (path, field)
            body = json.dumps(
                {"user": endless, "device": endless, "seq": 1, "ticks": {}, "state": endless, "done": True}
            )
            answer = ada.client.open(
                path,
                method=method,
                data=body,
                content_type="application/json",
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code < 500, path
        assert ada.get("/dashboard").status_code == 200
    assert longest_kept(database) <= LONGEST_KEPT


def test_a_body_over_a_megabyte_is_refused_unread(tmp_path: Path, clock: Moved) -> None:
    with app_at(tmp_path, clock) as app:
        ada = Browser(app).sign_up()
        assert ada.post("/habits", {"name": "x" * 1_100_000}).status_code == 413
        assert ada.post("/account/import", {"name": "x" * 1_100_000}).status_code == 413
