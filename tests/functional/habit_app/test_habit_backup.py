"""docs/how-to/back-up-the-database.md with a directory for a bucket: what was written outlives its disk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_server import ROOT, Server, Visitor, command, environment

HOW_TO = (ROOT / "docs/how-to/back-up-the-database.md").read_text(encoding="utf-8")
URL = "sqlite://"


@pytest.fixture
def litestream() -> str:
    """The program itself."""
    beside = Path(sys.executable).parent
    found = shutil.which("litestream", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("no litestream on PATH (https://litestream.io/install)")
    return found


def settings(place: Path) -> Path:
    """The how-to's litestream.yml, for a database in `place` and a directory there."""
    (text,) = re.findall(r"```yaml\n(.*?)```", HOW_TO, re.DOTALL)
    file = place / "litestream.yml"
    written = text.replace("/data/habits.db", str(place / "habits.db"))
    file.write_text(re.sub(r"type: s3.*", f"url: file://{place / 'bucket'}\n", written, flags=re.DOTALL))
    return file


def arguments(line: str) -> list[str]:
    """The arguments in the how-to's line that begins with `line`."""
    (found,) = re.findall(rf"{re.escape(line)} (.*) \"", HOW_TO)
    return str(found).split()


@pytest.mark.real_litestream
def test_the_database_comes_back_from_its_copy(litestream: str, tmp_path: Path, start: Start) -> None:
    database, config = tmp_path / "habits.db", settings(tmp_path)
    variables = environment(tmp_path / "instance", DATABASE_URL=f"{URL}{database}")
    started = [str(ROOT / part) if part.endswith("conf.py") else part for part in command()]
    process = subprocess.Popen(
        [litestream, *arguments("exec litestream"), " ".join(started)],
        cwd=tmp_path,
        env={**variables, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        server = Server(process)
        visitor = Visitor(server).sign_up("ada")
        habit = visitor.add_habit("Read")
        visitor.post(f"/habits/{habit}/mark", {"mark": f"{visitor.today()}:1"})
        # As Fly ends a machine: what is left is sent before it ends.
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    assert config.exists()
    for file in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
        file.unlink(missing_ok=True)
    subprocess.run([litestream, "restore", "-config", str(config), "-o", str(database), str(database)], check=True)
    again = Visitor(start(DATABASE_URL=f"{URL}{database}"), visitor.session.cookies)
    assert again.done(habit) == [again.today()]
    with sqlite3.connect(database) as link:
        assert link.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_how_to_runs_the_app_as_the_image_does() -> None:
    """So that a change of the Dockerfile's last line is made there, too."""
    (app,) = re.findall(r'app="(.*)"', HOW_TO)
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("CMD")[1]
    assert app.split() == re.findall(r'"([^"]+)"', image)
