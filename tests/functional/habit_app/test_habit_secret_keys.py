"""A new SECRET_KEY while people are signed in: the one before stays good for what it has signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from habit_app.inside.signing import BadSignature, Signer
from habit_app.settings import SettingsError, read_settings
from tests.functional.habit_app.habit_client import Browser, Moved, app_at
from tests.functional.habit_app.habit_server import SECRET

NEW = "a newer secret that only these tests know"


def test_sessions_forms_and_revisions_outlive_the_key(tmp_path: Path) -> None:
    clock, url = Moved(), f"sqlite://{tmp_path / 'habits.db'}"
    with app_at(tmp_path / "old", clock, DATABASE_URL=url) as app:
        before = Browser(app).sign_up()
        before.add_habit("Read")
        token, cookies = before.token(), [before.client.get_cookie(name) for name in ("session", "rev")]
    variables = {"DATABASE_URL": url, "SECRET_KEY": NEW}
    with app_at(tmp_path / "new", clock, **variables, SECRET_KEY_FALLBACKS=f" {SECRET} ,") as app:
        after = Browser(app)
        for cookie in cookies:
            assert cookie is not None
            after.client.set_cookie(cookie.key, cookie.value)
        # No browser's headers: the form's token alone has to do.
        assert after.client.post("/habits", data={"name": "Walk", "token": token}).status_code == 303
        assert len(after.habits()) == 2
    with app_at(tmp_path / "newest", clock, **variables) as app:
        stranger = Browser(app)
        session = cookies[0]
        assert session is not None
        stranger.client.set_cookie("session", session.value)
        assert stranger.get("/dashboard").location == "/login"


def test_machines_with_the_old_key_are_answered_with_it() -> None:
    old, both = Signer(SECRET.encode()), Signer(NEW.encode(), SECRET.encode())
    question = old.question("/internal/snapshot", b"ada", 1000)
    answering = both.check_question(question, "/internal/snapshot", b"ada", 1000)
    old.check_answer(answering.answer(question, b"data"), question, b"data")
    with pytest.raises(BadSignature):
        Signer(NEW.encode()).check_question(question, "/internal/snapshot", b"ada", 1000)


def test_a_short_old_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY_FALLBACKS"):
        read_settings({"INSTANCE_DIR": str(tmp_path), "SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": "short"})
