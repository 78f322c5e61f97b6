"""How fast the habit app serves pages: each figure beside the bare server with the same bytes, in one run, on one core.

    python bench/habit_app.py [--seconds 5] [--rounds 3] [--write]

Every app runs in the same gunicorn with the same settings, pinned to the first core where that can be done; this
process asks from eight connections. Counted are answers in a second of the server's own processor time: what a core
gives that does nothing else. A round measures all of them one after the other, and what is shown is the median of the
rounds' ratios, so that a noisy moment does not fall on one of them alone. Only ratios say something on another
computer. --write puts them into docs/habit-app.md.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.aims import PAGE, Row, table, write_section  # noqa: E402
from bench.asking import CONNECTIONS, Link, work  # noqa: E402
from habit_app.schedule import Schedule  # noqa: E402
from habit_app.store import accounts, entries, habits  # noqa: E402
from habit_app.store.address import parse_address  # noqa: E402
from habit_app.store.database import open_database  # noqa: E402
from habit_app.store.migrations import migrate  # noqa: E402

SECRET = "a secret for measuring only, 32 bytes"
HEADING = "## One core"
_BARE = """
import os
body = open(os.environ["BARE_BODY"], "rb").read()
headers = [tuple(line.split(": ", 1)) for line in open(os.environ["BARE_HEADERS"]).read().splitlines()]
def bare(environ, start_response):
    start_response("200 OK", list(headers))
    return [body]
from habit_app.app import create_app
app = create_app(os.environ)
app.wsgi_app = bare  # called in place of everything; the server's hooks still find what they expect
"""
_FLASK = """
import os
from flask import Flask, Response
body = open(os.environ["BARE_BODY"], "rb").read()
headers = [tuple(line.split(": ", 1)) for line in open(os.environ["BARE_HEADERS"]).read().splitlines()]
from habit_app.app import create_app
app = create_app(os.environ)
flask = Flask("bare")
flask.get("/dashboard")(lambda: Response(body, headers=headers))
app.wsgi_app = flask
"""
MISSES = """
import os
from habit_app.app import create_app
app = create_app(os.environ)
cache = app.extensions["habit_app"].dashboards.cache
inner = app.wsgi_app
def forgetting(environ, start_response):
    cache.forget(os.environ["BENCH_USER"])
    return inner(environ, start_response)
app.wsgi_app = forgetting
"""


@dataclass(frozen=True)
class Case:
    """One thing to measure."""

    name: str
    port: int
    pid: int
    cookie: str


def fill(url: str, days: int) -> str:
    """A user with eight habits, ticked on `days` days up to today; gives their id."""
    database, today = open_database(parse_address(url)), datetime.now(UTC).date()
    migrate(database)
    at = "2026-01-01T00:00:00.000000Z"
    with database.writing() as link:
        accounts.add(link, id="bench", name="bench", key="bench", password_hash="x", zone="UTC", at=at)
        for number in range(8):
            habits.add(link, id=f"h{number}", user_id="bench", name=f"Habit {number}", schedule=Schedule(), at=at)
    for number in range(8):
        for start in range(days, 0, -200):
            with database.writing() as link:
                for back in range(start - 1, max(start - 201, -1), -1):
                    entries.put(link, f"h{number}", today - timedelta(days=back), done=back % 9 != 4, at=at)
    database.close()
    return "bench"


def cookie() -> str:
    """A session of that user."""
    from habit_app.sessions import _signer

    now = int(time.time())
    return f"session={_signer([SECRET.encode()], 'session').dumps(['bench', 1, now, now])}"


@contextmanager
def served(target: str, place: Path, **variables: str) -> Iterator[tuple[int, int]]:
    """gunicorn with the app's own settings; gives its port and the id of its first process."""
    environment = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "SECRET_KEY": SECRET,
        "PYTHONPATH": f"{ROOT}:{place}",
    }
    environment.update(INSTANCE_DIR=str(place / "instance"), **variables)
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "habit_app/gunicorn_conf.py"), target]
    pinned = ["taskset", "-c", "0"] if os.access("/usr/bin/taskset", os.X_OK) else []
    # The habit app writes a line for each request itself; the others have gunicorn write one.
    lines = [] if target.startswith("habit_app") else ["--access-logfile", os.devnull]
    process = subprocess.Popen(
        [*pinned, *command, *lines],
        cwd=place,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
                Thread(target=process.stderr.read, daemon=True).start()
                yield int(found[1]), process.pid
                return
        raise SystemExit(f"{target} did not start")
    finally:
        process.terminate()
        process.wait(30)


def cases(stack: ExitStack, place: Path) -> tuple[list[Case], int]:
    """Start everything there is to measure; also gives the bytes of an answer, its head included."""
    for name, text in (("bare", _BARE), ("flask_alone", _FLASK), ("misses", MISSES)):
        (place / f"{name}.py").write_text(text)
    signed_in, start = cookie(), stack.enter_context
    short, long = f"sqlite://{place}/short.db", f"sqlite://{place}/long.db"
    user = fill(short, 90)
    fill(long, 3650)
    kept = Case("cached", *start(served("habit_app.wsgi:app", place, DATABASE_URL=short)), signed_in)
    Link(kept.port, signed_in).ask()
    head, body = Link(kept.port, signed_in).ask()
    (place / "body").write_bytes(body)
    own = ("server", "date", "connection")
    lines = [line for line in head.decode().split("\r\n")[1:] if line.split(":")[0].lower() not in own]
    (place / "headers").write_text("\n".join(lines))
    bare = {"BARE_BODY": str(place / "body"), "BARE_HEADERS": str(place / "headers")}
    misses = {"BENCH_USER": user}
    others = [
        Case("bare", *start(served("bare:app", place, **bare)), signed_in),
        Case("flask", *start(served("flask_alone:app", place, **bare)), signed_in),
        Case("miss", *start(served("misses:app", place, DATABASE_URL=short, **misses)), signed_in),
        Case("long miss", *start(served("misses:app", place, DATABASE_URL=long, **misses)), signed_in),
    ]
    return [kept, *others], len(head) + 4 + len(body)


def rows(found: Mapping[str, Sequence[float]], weight: int) -> list[Row]:
    """The table, of answers in a second of processor time in each round and the bytes of one answer."""

    def ratio(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(found[one], found[other], strict=True))

    flask, part = ratio("flask", "bare"), ratio("miss", "bare")
    bare = f"the bare one {statistics.median(found['bare']):,.0f}/s, Flask with the same bytes {flask:.2f} of it"
    miss = f"{part:.3f} of the bare one"
    return [
        Row("cached dashboard / bare WSGI app, same bytes, same server", 0.92, ratio("cached", "bare"), "", True, bare),
        Row("SQLite miss, 8 habits, 90 days", 800, statistics.median(found["miss"]), "/s", True, miss),
        Row("ten years / 90 days, time of a miss", 1.3, ratio("miss", "long miss")),
        Row("page of 8 habits on the wire, its head included", 6000, weight, " bytes", note="one answer"),
    ]


def main() -> None:
    """Measure, print, and write when told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each figure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/habit-app.md")
    chosen = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        measured, weight = cases(stack, Path(place))
        for _ in range(chosen.rounds):
            for case in measured:
                found.setdefault(case.name, []).append(work(case.pid, case.port, case.cookie, chosen.seconds))
    text = table(rows(found, weight))
    print(text)
    if chosen.write:
        how = f"Taken on {datetime.now(UTC).date()}, {chosen.rounds} rounds, {CONNECTIONS} connections."
        write_section(PAGE, HEADING, f"{how}\n\n{text}")


if __name__ == "__main__":
    main()
