"""The router as other apps copy it: one file, in the apps that docs/how-to/replay-writes.md shows."""

from __future__ import annotations

import ast
import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from werkzeug.test import Client

from habit_app.edge.replay import RevisionCookie

ROOT = Path(__file__).parents[3]
FILE = ROOT / "habit_app/edge/replay.py"
KEY, OTHER = b"a key of thirty-two bytes, at least", b"another key of thirty-two bytes, too"
INSTRUCTION = "region=iad;state=write;timeout=5s;fallback=prefer_self"
FLASK, PLAIN, REVISIONS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/how-to/replay-writes.md").read_text(encoding="utf-8"), re.DOTALL
)

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs an app of the how-to beside a copy of the file, with these variables, and gives what it defines."""
    shutil.copy(FILE, tmp_path / "replay.py")
    monkeypatch.syspath_prepend(tmp_path)

    def run_one(source: str, **variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "replay", raising=False)
        made: dict[str, Any] = {"__name__": "notes"}
        exec(compile(source, "replay-writes.md", "exec"), made)
        return made

    return run_one


def test_it_needs_nothing_but_python() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    imported = {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    imported |= {each.module or "." for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize(("source", "name"), [(FLASK, "app"), (PLAIN, "application")])
def test_the_apps_of_the_how_to_send_writes_home(run: Run, source: str, name: str) -> None:
    far = Client(run(source, FLY_REGION="nrt", PRIMARY_REGION="iad")[name])
    written = far.post("/notes", data={"text": "hello"})
    assert (written.status_code, written.headers["Fly-Replay"], written.data) == (409, INSTRUCTION, b"")
    assert far.get("/notes").text == "from nrt"
    home = Client(run(source, FLY_REGION="iad", PRIMARY_REGION="iad")[name])
    assert (home.post("/notes").status_code, home.post("/notes").text) == (200, "from iad")
    # Elsewhere than on Fly.io nothing is replayed.
    assert Client(run(source, FLY_REGION="", PRIMARY_REGION="")[name]).post("/notes").status_code == 200


def test_the_app_of_the_how_to_shows_own_writes(run: Run) -> None:
    app = run(REVISIONS, SECRET_KEY=KEY.decode())["app"]
    writer, reader = app.test_client(), app.test_client()
    base = "https://localhost"
    assert reader.get("/notes", base_url=base).text == ""
    for count in (1, 2, 3):
        writer.post("/notes", data={"text": f"note {count}"}, base_url=base)
        assert writer.get("/notes", base_url=base).text.count("note") == count
    assert reader.get("/notes", base_url=base).text.count("note") == 3


def test_a_revision_is_read_as_it_was_written() -> None:
    cookie = RevisionCookie([KEY])
    assert cookie.read(cookie.write("ada", 17), "ada") == 17
    assert cookie.read(cookie.write("\N{SNOWMAN}", 2**53), "\N{SNOWMAN}") == 2**53


@pytest.mark.parametrize("value", [None, "", ".", "a.b", "x" * 9_000, "\N{SNOWMAN}.\N{SNOWMAN}", "WzFd." + "A" * 43])
def test_what_is_no_cookie_says_nothing(value: str | None) -> None:
    assert RevisionCookie([KEY]).read(value, "ada") == 0


def test_a_cookie_of_somebody_else_says_nothing() -> None:
    written = RevisionCookie([KEY]).write("ada", 17)
    assert RevisionCookie([KEY]).read(written, "bob") == 0
    assert RevisionCookie([OTHER]).read(written, "ada") == 0
    assert RevisionCookie([KEY], "other use").read(written, "ada") == 0
    payload, _, signature = written.partition(".")
    forged = RevisionCookie([OTHER]).write("ada", 99).partition(".")[0]
    assert RevisionCookie([KEY]).read(f"{forged}.{signature}", "ada") == 0
    assert RevisionCookie([KEY]).read(payload, "ada") == 0


def test_a_key_that_was_replaced_is_still_believed_for_a_while() -> None:
    before = RevisionCookie([OTHER]).write("ada", 17)
    both = RevisionCookie([KEY, OTHER])
    assert both.read(before, "ada") == 17
    assert RevisionCookie([KEY]).read(both.write("ada", 18), "ada") == 18


def test_the_form_is_that_of_itsdangerous() -> None:
    """So that during a rollout the release before, which used that, understands it, and the other way round."""
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    theirs = URLSafeSerializer(KEY, "revision", signer_kwargs=how)
    ours = RevisionCookie([KEY])
    assert theirs.loads(ours.write("ada", 17)) == ["ada", 17]
    assert ours.read(str(theirs.dumps(["ada", 17])), "ada") == 17
